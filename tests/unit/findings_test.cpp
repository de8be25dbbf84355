// SPDX-License-Identifier: BSD-2-Clause
#include "view/findings.hpp"

#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "view_samples.hpp"

namespace xdpstat {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Finding> machine = {
    {Severity::ok, "kernel", "6.18.0, has all that is used", ""},
    {Severity::warn, "JIT", "is off", "sysctl -w net.core.bpf_jit_enable=1"}};
const std::vector<Finding> slot_taken = {
    {Severity::fail, "XDP program", "'firewall' id 42", "detach it first"}};

TEST(Findings, MarksEachAndSaysWhatToDo)
{
    EXPECT_EQ(doctor_text({"eth0", machine, slot_taken}, {}),
              "ok    kernel         6.18.0, has all that is used\n"
              "warn  JIT            is off\n"
              "                     -> sysctl -w net.core.bpf_jit_enable=1\n"
              "\n"
              "eth0\n"
              "fail  XDP program    'firewall' id 42\n"
              "                     -> detach it first\n"
              "\n"
              "1 thing stands in the way of attaching to eth0, 1 warning\n");
    EXPECT_THAT(doctor_text({"", machine, {}}, {}),
                HasSubstr("nothing stands in the way of attaching, 1 warning\n"));
}

TEST(Findings, WrapsLongLinesAndKeepsEveryWord)
{
    std::string detail;
    for (int i = 0; i < 40; i++)
        detail += (i == 0 ? "word" : " word") + std::to_string(i);
    const std::vector<Finding> findings = {{Severity::info, "long", detail, detail}};
    std::istringstream lines(doctor_text({"", findings, {}}, {}));
    std::string words;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U);
        words += line.size() > 21 ? line.substr(21) + " " : "";
    }
    EXPECT_THAT(words, HasSubstr(detail + " -> " + detail));
}

TEST(Findings, ColoursOnlyWhereAsked)
{
    EXPECT_THAT(doctor_text({"eth0", machine, slot_taken}, {.color = true}), HasSubstr("\033["));
    EXPECT_THAT(doctor_text({"eth0", machine, slot_taken}, {.color = false}), Not(HasSubstr("\033[")));
}

TEST(Findings, LetsNoNameWriteToTheTerminal)
{
    const std::vector<Finding> evil = {
        {Severity::ok, "interface", "e\033[2Jth0", "ip link set e\033[2Jth0 up"}};
    EXPECT_THAT(doctor_text({"e\033[2Jth0", machine, evil}, {}), Not(HasSubstr("\033")));
}

TEST(Findings, GivesDoctorAsJson)
{
    const auto document = nlohmann::json::parse(doctor_json({"eth0", machine, slot_taken}));
    EXPECT_EQ(document["schema"], "xdpstat.doctor/1");
    EXPECT_EQ(document["can_attach"], false);
    EXPECT_EQ(document["machine"].size(), 2U);
    EXPECT_EQ(document["interface_findings"][0]["severity"], "fail");
    EXPECT_EQ(document["interface_findings"][0]["to_do"], "detach it first");
    const auto healthy = nlohmann::json::parse(doctor_json({"", machine, {}}));
    EXPECT_EQ(healthy["can_attach"], true);
    EXPECT_FALSE(healthy.contains("interface"));
    samples::expect_golden("doctor.json", doctor_json({"eth0", machine, slot_taken}));
}

Verification sample()
{
    Verification report;
    report.interface = "eth0";
    report.mode = "native";
    report.seconds = 5;
    report.counter = {1234567, 18446744073709551615U};
    report.kernel = {1234560, 99};
    report.others.rx_missed = 7;
    report.driver = {{"rx_queue_0_packets", 1234}, {"rx_queue_0_bytes", 98765}, {"tx_queue_0_packets", 5}};
    report.findings = {{Severity::fail, "packets", "7 more", ""}};
    return report;
}

TEST(Findings, ShowsBothFiguresSideBySide)
{
    EXPECT_EQ(verify_text(sample(), {}),
              "eth0, native mode, 5.0 s\n"
              "                                 packets                       bytes\n"
              "  counter                      1,234,567  18,446,744,073,709,551,615\n"
              "  kernel                       1,234,560                          99\n"
              "  rx_missed                            7\n"
              "  rx_queue_0_packets               1,234\n"
              "  rx_queue_0_bytes                                            98,765\n"
              "  1 more of the driver's counters changed: --json\n"
              "\n"
              "fail  packets        7 more\n");
}

TEST(Findings, GivesVerifyAsJsonWithExactNumbers)
{
    const auto document = nlohmann::json::parse(verify_json(sample()));
    EXPECT_EQ(document["schema"], "xdpstat.verify/1");
    EXPECT_EQ(document["agrees"], false);
    EXPECT_EQ(document["counter"]["bytes"].get<std::uint64_t>(), 18446744073709551615U);
    EXPECT_EQ(document["kernel"]["packets"], 1234560);
    EXPECT_EQ(document["kernel"]["rx_missed"], 7);
    EXPECT_EQ(document["driver"].size(), 3U);
    EXPECT_EQ(document["uncertainty"]["packets"], 0);
    samples::expect_golden("verify.json", verify_json(sample()));
}

TEST(Findings, ShowsNoMoreOfTheDriverThanAScreenTakes)
{
    auto report = sample();
    report.driver.clear();
    for (int i = 0; i < 1000; i++)
        report.driver.push_back({"rx" + std::to_string(i) + "_packets", 1});
    EXPECT_THAT(verify_text(report, {}), HasSubstr("988 more of the driver's counters changed"));
}

} // namespace
} // namespace xdpstat
