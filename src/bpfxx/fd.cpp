// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/fd.hpp"

#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace bpfxx {

void Fd::close(int fd) noexcept
{
    ::close(fd);
}

Fd& Fd::operator=(Fd&& other) noexcept
{
    const Fd old(std::exchange(fd_, std::exchange(other.fd_, -1)));
    return *this;
}

void Mapping::unmap(void* address, std::size_t size) noexcept
{
    ::munmap(address, size);
}

Mapping& Mapping::operator=(Mapping&& other) noexcept
{
    const Mapping old(std::exchange(address_, std::exchange(other.address_, nullptr)),
                      std::exchange(size_, std::exchange(other.size_, 0)));
    return *this;
}

} // namespace bpfxx
