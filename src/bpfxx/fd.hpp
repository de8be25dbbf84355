// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>

namespace bpfxx {

/// Owns a file descriptor and closes it. Not thread-safe; move-only.
class Fd {
public:
    /// No descriptor.
    Fd() = default;
    /// Takes ownership; a negative number is no descriptor.
    explicit Fd(int fd) noexcept : fd_(fd) {}
    /// The other then owns none.
    Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    /// Closes what it had; the other then owns none.
    Fd& operator=(Fd&& other) noexcept;
    ~Fd()
    {
        if (fd_ >= 0)
            close(fd_);
    }

    /// Borrowed: the descriptor stays owned.
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Whether there is one.
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    static void close(int fd) noexcept;
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
    Mapping(Mapping&& other) noexcept : address_(other.address_), size_(other.size_)
    {
        other.address_ = nullptr;
        other.size_ = 0;
    }
    /// Unmaps what it had; the other then owns none.
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping()
    {
        if (address_ != nullptr)
            unmap(address_, size_);
    }

    /// Where it begins; null where there is none. Borrowed.
    [[nodiscard]] const std::byte* data() const noexcept { return static_cast<const std::byte*>(address_); }
    /// Bytes.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static void unmap(void* address, std::size_t size) noexcept;
    void* address_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace bpfxx
