// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include "exporter/gzip.hpp"
#include "exporter/listen_address.hpp"
#include "exporter/process_facts.hpp"
#include "exporter/service_manager.hpp"

namespace xdpstat {

namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string url_of(const std::string& text)
{
    const auto address = parse_listen_address(text);
    if (!address)
        return address.error().message();
    const auto socket = listen_on(*address);
    return socket ? socket->url : std::string(socket.error().message());
}

TEST(ListenAddress, IsUnderstood)
{
    EXPECT_THAT(url_of("127.0.0.1:0"), MatchesRegex("http://127.0.0.1:[0-9]+/"));
    EXPECT_THAT(url_of("localhost:0"), MatchesRegex("http://127.0.0.1:[0-9]+/"));
    EXPECT_THAT(url_of("[::1]:0"), MatchesRegex("http://\\[::1\\]:[0-9]+/"));
    EXPECT_THAT(url_of(":0"), MatchesRegex("http://(\\[::\\]|0.0.0.0):[0-9]+/"));
}

TEST(ListenAddress, WhatIsNoneSaysWhy)
{
    for (const auto& [text, cause] : {
             std::pair("", "there is no port"),
             {"10435", "there is no port"},
             {"127.0.0.1", "there is no port"},
             {"127.0.0.1:", "a port is a number"},
             {"127.0.0.1:65536", "a port is a number"},
             {"127.0.0.1:-1", "a port is a number"},
             {"127.0.0.1:http", "a port is a number"},
             {"::1:10435", "stands in brackets"},
             {"example.com:80", "names are not looked up"},
             {"[::g]:80", "is no IPv6 address"},
             {"[]:80", "is no IP address"},
             {"[fe80::1%nothere]:80", "there is no interface nothere"},
             {"unix:", "1 to 107 bytes"},
         })
        EXPECT_THAT(url_of(text), testing::AllOf(HasSubstr(cause), HasSubstr("cannot listen on"))) << text;
    EXPECT_THAT(url_of("unix:/" + std::string(107, 'a')), HasSubstr("1 to 107 bytes"));
}

TEST(ListenAddress, APortIsTakenOnce)
{
    const auto first = listen_on(*parse_listen_address("127.0.0.1:0"));
    ASSERT_TRUE(first);
    const std::string port = first->url.substr(first->url.rfind(':') + 1);
    EXPECT_THAT(url_of("127.0.0.1:" + port.substr(0, port.size() - 1)),
                HasSubstr("another process listens there"));
    EXPECT_THAT(url_of("192.0.2.1:0"), HasSubstr("this machine has no such address"));
}

TEST(ListenAddress, AStaleLocalSocketIsReplaced)
{
    std::string folder = testing::TempDir() + "xdpstatXXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/socket";
    const auto address = parse_listen_address("unix:" + path);
    ASSERT_TRUE(address);
    {
        const auto first = listen_on(*address);
        ASSERT_TRUE(first) << first.error().message();
        EXPECT_EQ(first->url, "unix:" + path);
        EXPECT_EQ(first->path, path);
        EXPECT_FALSE(listen_on(*address)) << "somebody listens there";
    }
    EXPECT_TRUE(listen_on(*address)) << "nobody does any more";
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
}

TEST(ServiceManager, IsToldByDatagrams)
{
    std::string folder = testing::TempDir() + "xdpstatXXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/notify";
    const bpfxx::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0);

    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const ServiceManager manager = ServiceManager::from_environment();
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(manager.watchdog(), std::chrono::microseconds(1500000));
    const auto heard = [&] {
        std::array<char, 256> text{};
        const ssize_t size = ::recv(socket.get(), text.data(), text.size(), MSG_DONTWAIT);
        return std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    };
    manager.tell("READY=1");
    EXPECT_EQ(heard(), "READY=1");
    manager.tell_reloading();
    EXPECT_THAT(heard(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
    manager.tell("STOPPING=1"); // nobody listens any more
    ServiceManager::from_environment().tell("READY=1");
}

TEST(ProcessMeter, SaysWhatTheKernelSays)
{
    const ProcessMeter meter;
    const auto facts = meter.read();
    ASSERT_TRUE(facts);
    EXPECT_GT(facts->resident_bytes, 1000000U);
    EXPECT_GT(facts->virtual_bytes, facts->resident_bytes);
    EXPECT_GE(facts->most_descriptors, facts->open_descriptors);
    const auto now = static_cast<double>(::time(nullptr));
    EXPECT_LE(facts->start_time, now + 1);
    EXPECT_GT(facts->start_time, now - 3600);
    const bpfxx::Fd one_more(::dup(STDOUT_FILENO));
    EXPECT_EQ(meter.read()->open_descriptors, facts->open_descriptors + 1);
}

TEST(Gzip, CanBeUndone)
{
    Gzip gzip;
    std::string text;
    for (int i = 0; i < 10000; i++)
        text += "xdpstat_packets_total{} " + std::to_string(i) + "\n";
    for (int i = 0; i < 3; i++) {
        const std::string compressed = gzip.compress(text);
        ASSERT_LT(compressed.size(), text.size() / 3);
        z_stream stream = {};
        ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
        std::string plain(text.size() + 1, '\0');
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
        stream.avail_in = static_cast<uInt>(compressed.size());
        stream.next_out = reinterpret_cast<Bytef*>(plain.data());
        stream.avail_out = static_cast<uInt>(plain.size());
        EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
        plain.resize(stream.total_out);
        inflateEnd(&stream);
        EXPECT_EQ(plain, text);
        EXPECT_EQ(decompress_gzip(compressed), text);
        EXPECT_EQ(decompress_gzip(std::string_view(compressed).substr(1)), "");
    }
    EXPECT_EQ(decompress_gzip("gz"), "");
}

} // namespace

} // namespace xdpstat
