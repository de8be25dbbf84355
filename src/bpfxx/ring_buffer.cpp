// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/ring_buffer.hpp"

#include <cerrno>

#include <bpf/libbpf.h>

#include "bpfxx/log.hpp"

namespace bpfxx {

namespace {

int hand_over(void* context, void* data, std::size_t size)
{
    (*static_cast<RingBuffer::Receive*>(context))(Bytes(static_cast<const std::byte*>(data), size));
    return 0;
}

} // namespace

void RingBuffer::Close::operator()(struct ring_buffer* ring) const noexcept
{
    ring_buffer__free(ring);
}

RingBuffer::RingBuffer(Map map, std::unique_ptr<Receive> receive,
                       std::unique_ptr<struct ring_buffer, Close> ring)
    : map_(std::move(map)), receive_(std::move(receive)), ring_(std::move(ring))
{
}
RingBuffer::RingBuffer(RingBuffer&&) noexcept = default;
RingBuffer& RingBuffer::operator=(RingBuffer&&) noexcept = default;
RingBuffer::~RingBuffer() = default;

Result<RingBuffer> RingBuffer::open(Map map, Receive receive)
{
    if (map.info().type != BPF_MAP_TYPE_RINGBUF)
        return std::unexpected(detail::wrong_map_type(map, BPF_MAP_TYPE_RINGBUF));
    const LogCapture quiet; // what libbpf would print to stderr
    auto kept = std::make_unique<Receive>(std::move(receive));
    std::unique_ptr<struct ring_buffer, Close> ring(
        ring_buffer__new(map.fd(), hand_over, kept.get(), nullptr));
    if (!ring)
        return std::unexpected(system_error("consume", map.label(), errno));
    return RingBuffer(std::move(map), std::move(kept), std::move(ring));
}

Result<std::size_t> RingBuffer::poll(std::chrono::milliseconds longest)
{
    const int records = ring_buffer__poll(ring_.get(), static_cast<int>(longest.count()));
    if (records >= 0)
        return static_cast<std::size_t>(records);
    if (records == -EINTR)
        return 0;
    return std::unexpected(system_error("consume", map_.label(), -records));
}

Result<std::size_t> RingBuffer::consume()
{
    const int records = ring_buffer__consume(ring_.get());
    if (records >= 0)
        return static_cast<std::size_t>(records);
    return std::unexpected(system_error("consume", map_.label(), -records));
}

int RingBuffer::poll_fd() const noexcept
{
    return ring_buffer__epoll_fd(ring_.get());
}

} // namespace bpfxx
