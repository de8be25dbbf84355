// SPDX-License-Identifier: BSD-2-Clause
#include "counter/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture_samples.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using samples::add_frame;
using samples::add_interface;
using samples::add_packet;
using samples::add_section;
using samples::memory;
using samples::Octets;
using samples::pcap;
using samples::Writer;

struct Frame {
    Octets bytes;
    std::uint32_t length;

    bool operator==(const Frame&) const = default;
};

/// What a reader gives, and the error that it ends with.
struct Outcome {
    std::vector<Frame> frames;
    std::optional<bpfxx::Error> error;
};

Outcome read(const Octets& octets, std::size_t piece = SIZE_MAX)
{
    Outcome outcome;
    auto reader = CaptureReader::read_from(memory(octets, piece), "t.pcap");
    if (!reader) {
        outcome.error = reader.error();
        return outcome;
    }
    for (;;) {
        const auto frame = reader->next();
        if (!frame)
            outcome.error = frame.error();
        if (!frame || !*frame)
            return outcome;
        outcome.frames.push_back({Octets((*frame)->bytes.begin(), (*frame)->bytes.end()), (*frame)->length});
    }
}

const Octets short_frame(14, 1);
const Octets long_frame(1514, 2);
const std::vector<Frame> both{{short_frame, 14}, {long_frame, 9000}};

Octets pcap_of_both(bool swapped, std::uint32_t magic)
{
    Writer writer = pcap(swapped, magic);
    add_frame(writer, short_frame);
    return add_frame(writer, long_frame, 9000).octets();
}

Octets pcapng_of_both(bool swapped)
{
    Writer writer(swapped);
    add_section(writer, swapped);
    add_interface(writer, swapped);
    add_packet(writer, short_frame, swapped);
    samples::add_block(writer, 5, Octets(8)); // statistics, which nobody needs
    return add_packet(writer, long_frame, swapped, 0, 9000).octets();
}

std::string message(const Octets& octets)
{
    const Outcome outcome = read(octets);
    return outcome.error ? std::string(outcome.error->message()) : std::string();
}

TEST(Capture, EitherByteOrderAndResolution)
{
    for (const bool swapped : {false, true}) {
        for (const std::uint32_t magic : {0xa1b2c3d4U, 0xa1b23c4dU}) {
            const Outcome outcome = read(pcap_of_both(swapped, magic));
            EXPECT_FALSE(outcome.error);
            EXPECT_EQ(outcome.frames, both);
        }
        const Outcome outcome = read(pcapng_of_both(swapped));
        EXPECT_FALSE(outcome.error);
        EXPECT_EQ(outcome.frames, both);
    }
}

TEST(Capture, HeadersOfThePatchedLibpcap)
{
    Writer writer = pcap(false, 0xa1b2cd34);
    writer.u32(1).u32(2).u32(14).u32(14).u32(0).u32(0).raw(short_frame);
    EXPECT_EQ(read(writer.octets()).frames, (std::vector<Frame>{{short_frame, 14}}));
}

TEST(Capture, HoweverItArrives)
{
    for (const std::size_t piece : {1U, 3U, 17U, 1000U}) {
        EXPECT_EQ(read(pcap_of_both(false, samples::pcap_magic), piece).frames, both);
        EXPECT_EQ(read(pcapng_of_both(true), piece).frames, both);
    }
}

TEST(Capture, SectionsOfEitherByteOrder)
{
    Octets octets = pcapng_of_both(false);
    const Octets other = pcapng_of_both(true);
    octets.insert(octets.end(), other.begin(), other.end());
    const Outcome outcome = read(octets);
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.frames.size(), 4U);
}

TEST(Capture, SimpleAndOldPackets)
{
    Writer writer;
    add_section(writer);
    add_interface(writer, false, 1, 10);
    Writer simple;
    samples::add_block(writer, 3, simple.u32(14).raw(Octets(10, 7)).octets());
    Writer old;
    samples::add_block(writer, 2, old.u16(0).u16(0).u32(0).u32(0).u32(14).u32(60).raw(short_frame).octets());
    const Outcome outcome = read(writer.octets());
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.frames, (std::vector<Frame>{{Octets(10, 7), 14}, {short_frame, 60}}));
}

TEST(Capture, NoFrames)
{
    const Outcome outcome = read(pcap().octets());
    EXPECT_FALSE(outcome.error);
    EXPECT_TRUE(outcome.frames.empty());
}

TEST(Capture, ALengthBelowWhatWasCapturedIsNone)
{
    Writer writer = pcap();
    EXPECT_EQ(read(add_frame(writer, short_frame, 3).octets()).frames,
              (std::vector<Frame>{{short_frame, 14}}));
}

TEST(Capture, EveryCutIsTold)
{
    for (const Octets& whole : {pcap_of_both(false, samples::pcap_magic), pcapng_of_both(false)}) {
        std::size_t last = 0;
        for (std::size_t size = 0; size < whole.size(); size++) {
            const Outcome outcome =
                read(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
            ASSERT_GE(outcome.frames.size(), last);
            last = outcome.frames.size();
            ASSERT_TRUE(std::ranges::equal(outcome.frames, std::span(both).first(last)));
            if (outcome.error) {
                ASSERT_EQ(outcome.error->kind(), ErrorKind::incompatible);
            }
        }
        EXPECT_LE(last, both.size());
    }
    Octets cut = pcap_of_both(false, samples::pcap_magic);
    cut.pop_back();
    EXPECT_EQ(message(cut),
              "cannot read t.pcap: it ends within frame 2; what came before is counted; capture it anew "
              "for the rest");
}

TEST(Capture, NotACapture)
{
    EXPECT_THAT(message({}), ::testing::HasSubstr("it is empty"));
    EXPECT_THAT(message({'h', 'e', 'l', 'l', 'o'}), ::testing::HasSubstr("neither pcap nor pcapng"));
    EXPECT_THAT(message({0x1f, 0x8b, 8, 0}), ::testing::HasSubstr("gzip -dc < t.pcap | xdpstat replay -"));
    EXPECT_THAT(message({0x28, 0xb5, 0x2f, 0xfd}), ::testing::HasSubstr("zstd -dc"));
}

TEST(Capture, OtherLinkLayersAreNamed)
{
    const Outcome any = read(pcap(false, samples::pcap_magic, 276).octets());
    ASSERT_TRUE(any.error);
    EXPECT_EQ(any.error->kind(), ErrorKind::unsupported);
    EXPECT_THAT(std::string(any.error->message()), ::testing::HasSubstr("LINUX_SLL2"));
    EXPECT_THAT(message(pcap(false, samples::pcap_magic, 147).octets()), ::testing::HasSubstr("number 147"));

    // In a pcapng up to the first frame that is of another.
    Writer writer;
    add_section(writer);
    add_interface(writer);
    add_interface(writer, false, 113);
    add_packet(writer, short_frame);
    add_packet(writer, short_frame, false, 1);
    const Outcome mixed = read(writer.octets());
    EXPECT_EQ(mixed.frames.size(), 1U);
    ASSERT_TRUE(mixed.error);
    EXPECT_EQ(mixed.error->kind(), ErrorKind::unsupported);
}

TEST(Capture, OldVersionsAreRefused)
{
    Writer writer;
    writer.u32(samples::pcap_magic).u16(2).u16(2).u32(0).u32(0).u32(65535).u32(1);
    EXPECT_THAT(message(writer.octets()), ::testing::HasSubstr("version 2.2 of pcap"));
}

TEST(Capture, LiesAreFound)
{
    Writer huge = pcap();
    huge.u32(1).u32(2).u32(0xffffffff).u32(60);
    EXPECT_THAT(message(huge.octets()), ::testing::HasSubstr("frame 1 claims 4294967295 bytes"));

    Writer nobody;
    add_section(nobody);
    add_packet(nobody, short_frame);
    EXPECT_THAT(message(nobody.octets()), ::testing::HasSubstr("an interface that nothing describes"));

    Writer room;
    add_section(room);
    add_interface(room);
    Writer body;
    samples::add_block(room, 6, body.u32(0).u32(0).u32(0).u32(100).u32(100).raw(short_frame).octets());
    EXPECT_THAT(message(room.octets()), ::testing::HasSubstr("shorter than what was captured of it"));

    Octets ends = pcapng_of_both(false);
    ends[28 - 4] ^= 4; // the length at the end of the section's header
    EXPECT_THAT(message(ends), ::testing::HasSubstr("another at its end"));

    for (const std::uint32_t length : {0U, 8U, 13U}) {
        Writer block;
        add_section(block);
        block.u32(6).u32(length).raw(Octets(32));
        EXPECT_THAT(message(block.octets()), ::testing::HasSubstr("says it is " + std::to_string(length)));
    }
}

TEST(Capture, AFailingSourceIsNoEnd)
{
    auto reader = CaptureReader::read_from(
        [first = true](std::span<std::uint8_t> space) mutable -> bpfxx::Result<std::size_t> {
            if (!std::exchange(first, false))
                return std::unexpected(bpfxx::system_error("read", "t.pcap", EIO));
            const Octets header = pcap().octets();
            std::ranges::copy(header, space.begin());
            return header.size();
        },
        "t.pcap");
    ASSERT_TRUE(reader);
    const auto frame = reader->next();
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().error_number(), EIO);
}

TEST(Capture, FilesThatCannotBeRead)
{
    EXPECT_EQ(CaptureReader::open("/nowhere/t.pcap").error().kind(), ErrorKind::not_found);
    EXPECT_THAT(std::string(CaptureReader::open("/").error().message()),
                ::testing::HasSubstr("cannot read /:"));
}

} // namespace

} // namespace xdpstat
