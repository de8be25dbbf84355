// SPDX-License-Identifier: BSD-2-Clause
// A capture through the reader, against libpcap: each frame that libpcap reads is read here too, byte for byte.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <pcap/pcap.h>

#include "counter/capture.hpp"
#include "fuzz.hpp"

namespace xdpstat::fuzz {

namespace {

struct Frame {
    std::vector<std::uint8_t> bytes;
    std::uint32_t length;
};

/// Reads in pieces whose sizes come from the input.
ByteSource source_of(Input input)
{
    const std::size_t piece =
        input.empty() || input.back() >= 128 ? input.size() : input.back() + std::size_t{1};
    return [input, piece](std::span<std::uint8_t> space) mutable -> bpfxx::Result<std::size_t> {
        const std::size_t count = std::min({space.size(), input.size(), piece});
        std::copy_n(input.begin(), count, space.begin());
        input = input.subspan(count);
        return count;
    };
}

/// @param cause why it went no further than the frames returned; empty: it was the end
std::vector<Frame> read_here(Input input, std::string& cause)
{
    std::vector<Frame> frames;
    auto reader = CaptureReader::read_from(source_of(input), "fuzz");
    if (!reader) {
        cause = std::string(reader.error().cause());
        check(!cause.empty(), "an error says something");
        return frames;
    }
    for (;;) {
        const auto frame = reader->next();
        if (!frame)
            cause = std::string(frame.error().cause());
        check(frame || !cause.empty(), "an error says something");
        if (!frame || !*frame)
            return frames;
        const CapturedFrame& found = **frame;
        check(found.bytes.size() <= found.length, "no more is captured than was on the wire");
        check(found.bytes.size() <= 262144, "no frame is longer than any");
        frames.push_back({{found.bytes.begin(), found.bytes.end()}, found.length});
    }
}

/// As far as libpcap reads: it refuses some captures that are read here.
std::vector<Frame> read_by_libpcap(Input input, bool& ethernet)
{
    std::vector<Frame> frames;
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    FILE* const file =
        input.empty() ? nullptr : ::fmemopen(const_cast<std::uint8_t*>(input.data()), input.size(), "rb");
    if (file == nullptr)
        return frames;
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(pcap_fopen_offline(file, error.data()),
                                                                 pcap_close);
    if (!capture) {
        std::fclose(file);
        return frames;
    }
    // Of versions before 2.4 only libpcap knows what the lengths mean.
    ethernet = pcap_datalink(capture.get()) == DLT_EN10MB && pcap_major_version(capture.get()) < 3 &&
               (pcap_major_version(capture.get()) == 1 || pcap_minor_version(capture.get()) == 4);
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    while (pcap_next_ex(capture.get(), &header, &data) == 1)
        frames.push_back({{data, data + header->caplen}, header->len});
    return frames;
}

} // namespace

void run(Input input)
{
    std::string cause;
    bool ethernet = false;
    const auto found = read_here(input, cause);
    const auto wanted = read_by_libpcap(input, ethernet);
    if (!ethernet)
        return;
    for (std::size_t i = 0; i < wanted.size(); i++) {
        // libpcap does not compare the two lengths of a section's header.
        if (i == found.size() && cause.find("another at its end") != std::string::npos)
            return;
        check(i < found.size(), "what libpcap reads is read here, unlike: " + cause);
        const Frame& here = found[i];
        // libpcap cuts what is longer than the capture's own snap length.
        check(wanted[i].bytes.size() <= here.bytes.size() &&
                  std::equal(wanted[i].bytes.begin(), wanted[i].bytes.end(), here.bytes.begin()),
              "the same bytes");
        check(std::max<std::size_t>(wanted[i].length, here.bytes.size()) == here.length, "the same length");
    }
}

} // namespace xdpstat::fuzz
