// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bpfxx/map.hpp"

struct ring_buffer; // of libbpf

namespace bpfxx {

/// Consumes the records of a BPF_MAP_TYPE_RINGBUF (kernel 5.8), in the order in which programs sent them. Owns its
/// descriptor and mapping. Not thread-safe: one consumer.
class RingBuffer : public OpensMaps<RingBuffer> {
public:
    /// Takes a record; borrowed, gone when it returns. It must not throw.
    using Receive = std::function<void(Bytes record)>;

    /// Maps the buffer. Errors: incompatible where the map is no ring buffer; permission.
    [[nodiscard]] static Result<RingBuffer> open(Map map, Receive receive);
    /// The other must not be used again.
    RingBuffer(RingBuffer&&) noexcept;
    /// Closes what it had; the other must not be used again.
    RingBuffer& operator=(RingBuffer&&) noexcept;
    ~RingBuffer();

    /// Waits until there are records, or the time is over, and hands over all there are. Returns how many.
    /// Errors: system; an interruption by a signal is no error, but an early end.
    [[nodiscard]] Result<std::size_t> poll(std::chrono::milliseconds longest);
    /// The same without waiting.
    [[nodiscard]] Result<std::size_t> consume();
    /// Readable when there are records, for a poll loop of the caller's. Borrowed.
    [[nodiscard]] int poll_fd() const noexcept;
    /// The map. Borrowed.
    [[nodiscard]] const Map& map() const noexcept { return map_; }

private:
    struct Close {
        void operator()(struct ring_buffer* ring) const noexcept;
    };
    RingBuffer(Map map, std::unique_ptr<Receive> receive, std::unique_ptr<struct ring_buffer, Close> ring);

    Map map_;
    std::unique_ptr<Receive> receive_; ///< where libbpf finds it, wherever this object is moved
    std::unique_ptr<struct ring_buffer, Close> ring_;
};

/// A receiver of records of type T. Shorter ones than T are handed to `odd`, if it is given, and else ignored.
template <class T>
[[nodiscard]] RingBuffer::Receive receive_as(std::function<void(const T&)> receive,
                                             RingBuffer::Receive odd = {})
{
    return [receive = std::move(receive), odd = std::move(odd)](Bytes record) {
        if (record.size() < sizeof(T)) {
            if (odd)
                odd(record);
            return;
        }
        T value;
        std::memcpy(&value, record.data(), sizeof(T));
        receive(value);
    };
}

} // namespace bpfxx
