// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace bpfxx {

/// Owns a file descriptor and closes it. Not thread-safe; move-only.
class Fd {
public:
    /// No descriptor.
    Fd() = default;
    /// Takes ownership; a negative number is no descriptor.
    explicit Fd(int fd) noexcept : fd_(fd) {}
    /// The other then owns none.
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    /// Closes what it had; the other then owns none.
    Fd& operator=(Fd&& other) noexcept
    {
        Fd old(std::exchange(fd_, std::exchange(other.fd_, -1)));
        return *this;
    }
    ~Fd()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }

    /// Borrowed: the descriptor stays owned.
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Whether there is one.
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Owns a memory mapping and unmaps it. Move-only.
class Mapping {
public:
    /// No mapping.
    Mapping() = default;
    /// Takes ownership of what mmap() returned for this many bytes.
    Mapping(void* address, std::size_t size) noexcept : address_(address), size_(size) {}
    /// The other then owns none.
    Mapping(Mapping&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0))
    {
    }
    /// Unmaps what it had; the other then owns none.
    Mapping& operator=(Mapping&& other) noexcept
    {
        Mapping old(std::exchange(address_, std::exchange(other.address_, nullptr)),
                    std::exchange(size_, std::exchange(other.size_, 0)));
        return *this;
    }
    ~Mapping()
    {
        if (address_ != nullptr)
            ::munmap(address_, size_);
    }

    /// Where it begins; null where there is none. Borrowed.
    [[nodiscard]] const std::byte* data() const noexcept { return static_cast<const std::byte*>(address_); }
    /// Bytes.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    void* address_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace bpfxx
