// SPDX-License-Identifier: BSD-2-Clause
// Real captures, frame by frame: first the reference model, then the program.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <span>

#include <gtest/gtest.h>

#include "captures.hpp"
#include "counter_test.hpp"

namespace xdpstat::test {
namespace {

struct Tally {
    std::size_t frames = 0;
    std::size_t contested = 0;
    std::size_t shortened = 0;
    std::size_t too_short = 0;
};

std::ostream& operator<<(std::ostream& out, const Tally& tally)
{
    return out << "[ captures ] " << tally.frames << " frames, " << tally.contested << " of them contested, "
               << tally.shortened << " without their end; not run: " << tally.too_short
               << " shorter than 14 bytes";
}

bool is_contested(const ExpectedCapture& capture, std::size_t number)
{
    for (const Contested& contested : capture.contested) {
        if (contested.frame == number)
            return true;
    }
    return false;
}

/// Calls back with every frame and its letter. On contested frames that is the verdict of the rules.
/// Of a frame longer than BPF_PROG_TEST_RUN can take, the first `longest` bytes: its headers are all there.
void for_each_frame(const Captures& captures, std::size_t longest, Tally& tally,
                    const std::function<void(std::span<const std::uint8_t>, char)>& check)
{
    for (const ExpectedCapture& capture : captures.expected()) {
        SCOPED_TRACE(capture.file);
        for (const Contested& contested : capture.contested)
            ASSERT_EQ(capture.letters.at(contested.frame - 1), contested.right.front())
                << "frame " << contested.frame;
        const auto frames = captures.frames(capture);
        ASSERT_TRUE(frames) << frames.error();
        ASSERT_EQ(frames->size(), capture.letters.size());
        for (std::size_t index = 0; index < frames->size(); ++index) {
            SCOPED_TRACE("frame " + std::to_string(index + 1));
            const auto frame = std::span((*frames)[index]).first(std::min((*frames)[index].size(), longest));
            ASSERT_EQ(capture.letters[index] == 's', frame.size() < 14);
            if (frame.size() < 14) {
                ++tally.too_short;
                continue;
            }
            ++tally.frames;
            tally.contested += is_contested(capture, index + 1);
            tally.shortened += frame.size() < (*frames)[index].size();
            check(frame, capture.letters[index]);
        }
        if (::testing::Test::HasFailure())
            return; // all failures of one capture say enough
    }
}

/// Ends the test with a skip where the captures are not there.
#define XDPSTAT_UNPACK_CAPTURES(captures)                                                                    \
    const auto folder = Captures::folder();                                                                  \
    if (!std::filesystem::exists(folder))                                                                    \
        GTEST_SKIP() << "no captures in " << folder << "; XDPSTAT_CAPTURES names another folder";            \
    const auto captures = Captures::unpack(folder);                                                          \
    if (!captures)                                                                                           \
    XDPSTAT_SKIP(captures.error())

TEST(ReferenceTest, AgreesWithTheCaptures)
{
    XDPSTAT_UNPACK_CAPTURES(captures);
    Tally tally;
    for_each_frame(*captures, SIZE_MAX, tally, [](std::span<const std::uint8_t> frame, char letter) {
        EXPECT_EQ(letter_of(classify(frame).verdict), letter) << hex(frame);
    });
    EXPECT_GT(tally.frames, 0U);
    std::cout << tally << '\n';
}

class CapturesTest : public CounterTest {};
XDPSTAT_INSTANTIATE(CapturesTest);

TEST_P(CapturesTest, EachFrame)
{
    XDPSTAT_UNPACK_CAPTURES(captures);
    Tally tally;
    const std::size_t longest = GetParam().multi_buffer ? longest_multi_buffer : longest_linear;
    for_each_frame(*captures, longest, tally, [&](std::span<const std::uint8_t> frame, char letter) {
        const Outcome outcome = count(frame);
        ASSERT_FALSE(outcome.cells.empty());
        EXPECT_EQ(letter_of(outcome.cells.front().verdict), letter) << hex(frame);
        EXPECT_TRUE(classify(frame).allows(outcome.cells.front().verdict))
            << "should be " << classify(frame).verdict << ", counted as " << outcome.cells.front().verdict
            << ", " << hex(frame);
    });
    EXPECT_GT(tally.frames, 0U);
    std::cout << tally << '\n';
}

class FragmentedCapturesTest : public CounterTest {};
XDPSTAT_INSTANTIATE_MULTI_BUFFER(FragmentedCapturesTest);

TEST_P(FragmentedCapturesTest, EachFrameWithFourteenLinearBytes)
{
    XDPSTAT_UNPACK_CAPTURES(captures);
    Tally tally;
    for_each_frame(*captures, longest_multi_buffer, tally,
                   [&](std::span<const std::uint8_t> frame, char letter) {
                       const Outcome outcome = count(frame, {.linear = 14});
                       ASSERT_FALSE(outcome.cells.empty());
                       EXPECT_EQ(letter_of(outcome.cells.front().verdict), letter) << hex(frame);
                       EXPECT_TRUE(classify(frame).allows(outcome.cells.front().verdict)) << hex(frame);
                   });
    EXPECT_GT(tally.frames, 0U);
    std::cout << tally << '\n';
}

} // namespace
} // namespace xdpstat::test
