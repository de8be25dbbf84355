// SPDX-License-Identifier: BSD-2-Clause
// The parser in user space and the program in the kernel: one source, and so the same cell for every frame; and both
// from captures as this project reads them, with libpcap as the witness.
#include <algorithm>
#include <array>
#include <memory>

#include <pcap/pcap.h>

#include <gtest/gtest.h>

#include "captures.hpp"
#include "counter/capture.hpp"
#include "counter/replay.hpp"
#include "machine.hpp"
#include "mutator.hpp"
#include "reference.hpp"
#include "samples.hpp"

namespace xdpstat::test {
namespace {

using Data = std::span<const std::uint8_t>;

constexpr std::size_t mutations = 20'000;

Verdict verdict_of(const traffic_place& place)
{
    return {place.network, place.transport, place.size};
}

Verdict in_user_space(Data frame)
{
    return verdict_of(traffic_place_of(frame.data(), frame.size(), frame.size()));
}

::testing::AssertionResult parsed_right(Data frame)
{
    const Verdict verdict = in_user_space(frame);
    const Expected expected = classify(frame);
    if (expected.allows(verdict))
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << "should be " << expected.verdict << ", parsed as " << verdict << ", " << hex(frame);
}

TEST(UserParserTest, EverySampleAtEveryCut)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const Bytes frame = sample.frame();
        for (std::size_t size = 0; size <= frame.size(); ++size)
            ASSERT_TRUE(parsed_right(cut(frame, size)));
    }
}

TEST(UserParserTest, DamagedFrames)
{
    Mutator mutator(20261130);
    for (std::size_t number = 0; number < mutations; ++number) {
        SCOPED_TRACE("mutation " + std::to_string(number));
        ASSERT_TRUE(parsed_right(mutator.next()));
    }
}

TEST(UserParserTest, AnyAddress)
{
    const Bytes frame = samples().front().frame();
    for (std::size_t shift = 0; shift < 8; ++shift) {
        Bytes moved(shift, 0xff);
        moved.insert(moved.end(), frame.begin(), frame.end());
        EXPECT_EQ(in_user_space(Data(moved).subspan(shift)), in_user_space(frame)) << shift;
    }
}

/// The program in the kernel beside the parser in user space.
class EnginesTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (const auto missing = missing_capabilities())
            XDPSTAT_SKIP(*missing);
        auto program = TestRun::load();
        ASSERT_TRUE(program) << program.error().message() << program.error().detail();
        program_.emplace(std::move(*program));
    }

    [[nodiscard]] ::testing::AssertionResult agree(Data frame)
    {
        const auto counted = program_->count(frame);
        if (!counted)
            return ::testing::AssertionFailure() << counted.error().message() << ", " << hex(frame);
        if (verdict_of(*counted) == in_user_space(frame))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure()
               << "kernel: " << verdict_of(*counted) << ", user space: " << in_user_space(frame) << ", "
               << hex(frame);
    }

    [[nodiscard]] const TestRun& program() const { return *program_; }

private:
    std::optional<TestRun> program_;
};

TEST_F(EnginesTest, AgreeOnDamagedFrames)
{
    Mutator mutator(42);
    for (std::size_t number = 0; number < mutations; ++number) {
        SCOPED_TRACE("mutation " + std::to_string(number));
        ASSERT_TRUE(agree(mutator.next()));
    }
}

TEST_F(EnginesTest, AgreeOnTheLongestAndTheShortest)
{
    Bytes frame = (eth() / ipv6() / hop_by_hop(255) / hop_by_hop(255) / udp()).bytes();
    frame.resize(std::size_t{17} * 4096);
    for (const std::size_t size : {shortest_frame, std::size_t{64}, std::size_t{4096}, frame.size()}) {
        ASSERT_TRUE(program().takes(size)) << size;
        EXPECT_TRUE(agree(cut(frame, size))) << size;
    }
    EXPECT_FALSE(program().takes(shortest_frame - 1));
    EXPECT_FALSE(program().takes(frame.size() + 1));
}

TEST_F(EnginesTest, AgreeOnTheCaptures)
{
    const auto folder = Captures::folder();
    if (!std::filesystem::exists(folder))
        GTEST_SKIP() << "no captures in " << folder << "; XDPSTAT_CAPTURES names another folder";
    const auto captures = Captures::unpack(folder);
    if (!captures)
        XDPSTAT_SKIP(captures.error());
    std::size_t compared = 0;
    for (const ExpectedCapture& capture : captures->expected()) {
        SCOPED_TRACE(capture.file);
        const auto frames = captures->frames(capture);
        ASSERT_TRUE(frames) << frames.error();
        for (const Bytes& frame : *frames) {
            if (!program().takes(frame.size()))
                continue;
            ASSERT_TRUE(agree(frame));
            ++compared;
        }
    }
    EXPECT_GT(compared, 0U);
}

struct Witness {
    Bytes bytes;
    std::uint32_t length;
};

/// The frames of a capture by libpcap, up to where it breaks off.
std::vector<Witness> by_libpcap(const std::filesystem::path& path)
{
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(pcap_open_offline(path.c_str(), error.data()),
                                                              pcap_close);
    std::vector<Witness> frames;
    if (!file) {
        ADD_FAILURE() << error.data();
        return frames;
    }
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    while (pcap_next_ex(file.get(), &header, &data) == 1)
        frames.push_back({Bytes(data, data + header->caplen), header->len});
    return frames;
}

TEST(CaptureReaderTest, ReadsWhatLibpcapReads)
{
    const auto folder = Captures::folder();
    if (!std::filesystem::exists(folder))
        GTEST_SKIP() << "no captures in " << folder << "; XDPSTAT_CAPTURES names another folder";
    const auto captures = Captures::unpack(folder);
    if (!captures)
        XDPSTAT_SKIP(captures.error());
    for (const ExpectedCapture& capture : captures->expected()) {
        SCOPED_TRACE(capture.file);
        const auto witness = by_libpcap(captures->path(capture));
        auto reader = CaptureReader::open(captures->path(capture));
        ASSERT_TRUE(reader) << reader.error().message();
        std::size_t number = 0;
        for (auto frame = reader->next(); frame && *frame; frame = reader->next(), ++number) {
            SCOPED_TRACE("frame " + std::to_string(number + 1));
            ASSERT_LT(number, witness.size());
            ASSERT_TRUE(std::ranges::equal((*frame)->bytes, witness[number].bytes));
            // Some tools write a length that is smaller than what they captured.
            ASSERT_EQ((*frame)->length,
                      std::max<std::size_t>(witness[number].length, witness[number].bytes.size()));
        }
        ASSERT_EQ(number, witness.size());
    }
}

} // namespace
} // namespace xdpstat::test
