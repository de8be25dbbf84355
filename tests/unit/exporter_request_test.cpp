// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <string>

#include <gmock/gmock.h>

#include "exporter/negotiation.hpp"
#include "exporter/query.hpp"
#include "exporter/request_head.hpp"

namespace xdpstat {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Negotiation, ChoosesTheFormat)
{
    constexpr auto text = MetricsFormat::text;
    constexpr auto open = MetricsFormat::openmetrics;
    EXPECT_EQ(choose_format(""), text);
    EXPECT_EQ(choose_format("*/*"), text);
    EXPECT_EQ(choose_format("text/html, */*;q=0.1"), text);
    EXPECT_EQ(choose_format("application/openmetrics-text"), open);
    EXPECT_EQ(choose_format("Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8"), open);
    EXPECT_EQ(choose_format("application/openmetrics-text; version=\"1.0.0\""), open);
    // What Prometheus 2 and 3 ask for.
    EXPECT_EQ(
        choose_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
        open);
    EXPECT_EQ(
        choose_format("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4"),
        text);
    EXPECT_EQ(choose_format("application/openmetrics-text;q=0.5, text/plain;q=0.5"), open);
    EXPECT_EQ(choose_format("text/plain;q=0.5, application/openmetrics-text;q=0.5"), text);
    // Versions that are not spoken here.
    EXPECT_EQ(choose_format("application/openmetrics-text;version=0.0.1"), text);
    EXPECT_EQ(choose_format("application/openmetrics-text;q=0"), text);
    EXPECT_EQ(choose_format("application/openmetrics-text;q=nonsense"), text);
    EXPECT_EQ(choose_format(",,;;q=,application/openmetrics-text;q=1.0"), open);
}

TEST(Negotiation, TakesGzip)
{
    EXPECT_FALSE(takes_gzip(""));
    EXPECT_TRUE(takes_gzip("gzip"));
    EXPECT_TRUE(takes_gzip("deflate, GZIP;q=0.5, br"));
    EXPECT_TRUE(takes_gzip("*"));
    EXPECT_FALSE(takes_gzip("gzip;q=0"));
    EXPECT_FALSE(takes_gzip("*, gzip; q=0.0"));
    EXPECT_FALSE(takes_gzip("identity, br"));
    EXPECT_FALSE(takes_gzip("*;q=0"));
}

TEST(Negotiation, MatchesTags)
{
    EXPECT_TRUE(matches_tag("\"a\"", "\"a\""));
    EXPECT_TRUE(matches_tag("\"b\", W/\"a\"", "\"a\""));
    EXPECT_TRUE(matches_tag("*", "\"a\""));
    EXPECT_TRUE(matches_tag("\"a\"", "W/\"a\""));
    EXPECT_FALSE(matches_tag("", "\"a\""));
    EXPECT_FALSE(matches_tag("a", "\"a\""));
}

TEST(Query, Values)
{
    EXPECT_THAT(query_values("interface=eth0&step=5&interface=a%20b%2", "interface"),
                ElementsAre("eth0", "a b%2"));
    EXPECT_THAT(query_values("interfaces=eth0", "interface"), IsEmpty());
    EXPECT_THAT(query_values("interface", "interface"), IsEmpty());
    EXPECT_THAT(query_values("&&interface=&", "interface"), ElementsAre(""));
    EXPECT_THAT(query_values("interface=%zz%41", "interface"), ElementsAre("%zzA"));
}

TEST(Query, Numbers)
{
    EXPECT_EQ(query_number("", "step", 1, 60, 1), 1);
    EXPECT_EQ(query_number("step=5", "step", 1, 60, 1), 5);
    EXPECT_EQ(query_number("step=0.5", "step", 0.1, 60, 1), 0.5);
    for (const char* bad :
         {"step=", "step=0", "step=61", "step=nan", "step=inf", "step=5x", "step=-1", "step=0x5"})
        EXPECT_EQ(query_number(bad, "step", 1, 60, 1), std::nullopt) << bad;
}

TEST(Query, SaysWhichParameterIsWrong)
{
    constexpr std::array<std::string_view, 2> known{"interface", "step"};
    for (const char* right : {"", "step=1", "interface=a&interface=b&step=", "&&step=1&"})
        EXPECT_EQ(query_fault(right, known), std::nullopt) << right;
    EXPECT_EQ(query_fault("step=1&since=abc", known),
              "there is no parameter since here; there are: interface, step");
    EXPECT_EQ(query_fault("interface=nope", {}), "there is no parameter interface here, and no other");
    EXPECT_EQ(query_fault("step", known), "the parameter step has no value");
    EXPECT_THAT(query_fault("<script>=1", known), testing::Optional(testing::Not(testing::HasSubstr("<"))));
    EXPECT_THAT(query_fault("=1", known), testing::Optional(testing::HasSubstr("not known")));
    EXPECT_EQ(query_number("step=5&step=6", "step", 1, 60, 1), std::nullopt);
}

unsigned status_of(const std::string& head)
{
    const auto fault = check_head(head);
    return fault ? fault->status : 0;
}

TEST(RequestHead, TakesWhatIsWellFormed)
{
    for (const char* head : {
             "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET / HTTP/1.0\r\n\r\n",
             "GET /metrics?a=b HTTP/1.1\r\nhost:[::1]:10435\r\nAccept: */*\r\nX-Empty:\r\n\r\n",
             "GET http://a/metrics HTTP/1.1\r\nHost: a\r\n\r\n",
             "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nX-Text: \t caf\xc3\xa9\t\r\n\r\n",
             "GET / HTTP/1.1\r\nHost:\r\n\r\n",
             "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n",
             "GET HTTPS://a:1/ HTTP/1.1\r\nHost: a\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \t Chunked\r\n\r\n",
             "FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
         })
        EXPECT_EQ(status_of(head), 0U) << head;
}

TEST(RequestHead, RefusesWhatIsNot)
{
    for (const char* head : {
             "GET / HTTP/1.1\r\n\r\n",                          // no Host
             "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",    // two
             "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",             // none
             "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",             //
             "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n",        //
             "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",              // two blanks
             "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",              //
             "GET /\r\nHost: a\r\n\r\n",                        // HTTP/0.9
             "GET / http/1.1\r\nHost: a\r\n\r\n",               //
             "GET / HTTP/11\r\nHost: a\r\n\r\n",                //
             "G=T / HTTP/1.1\r\nHost: a\r\n\r\n",               // no token
             " GET / HTTP/1.1\r\nHost: a\r\n\r\n",              //
             "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",       // no URI
             "GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",         // no path
             "GET /healthz#x HTTP/1.1\r\nHost: a\r\n\r\n",      // a fragment
             "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",        // no proxy
             "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",             // bare line feeds
             "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",         //
             "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",         // bare return
             "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", // folded
             "GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n",      //
             "GET / HTTP/1.1\r\nHost : a\r\n\r\n",              // a blank before :
             "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",          // no colon
             "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",        // no name
             "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",    // control
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", // both
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",          // twice
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",                            //
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",                              //
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",                             //
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",            //
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",                                 //
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
             "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",                  // not of this version
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",          // has no end
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", //
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",               //
             "GET / HTTP/1.2\r\n\r\n",                                                 // no Host
             "GET / HTTP/1.x\r\nHost: a\r\n\r\n",                                      // no version
             "GET * HTTP/1.1\r\nHost: a\r\n\r\n",                                      // of OPTIONS alone
             "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",                               // another scheme
             "GET a/http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",                            //
             "GET http:///metrics HTTP/1.1\r\nHost: a\r\n\r\n",                        // no host
             "GET http://a:65536/ HTTP/1.1\r\nHost: a\r\n\r\n",                        // no port
             "GET / HTTP/1.1\r\nHost: a:99999999\r\n\r\n",                             //
             "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",                                    //
         })
        EXPECT_EQ(status_of(head), 400U) << head;
    EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505U);
    EXPECT_EQ(status_of("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505U);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501U);
    EXPECT_EQ(status_of("GET /" + std::string(most_target_bytes, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              414U);
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 0; i < most_fields; i++)
        many += "X: a\r\n";
    EXPECT_EQ(status_of(many + "\r\n"), 431U);
    EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\nHost: a\r\nX: ") + '\0' + "\r\n\r\n"), 400U);
}

TEST(RequestHead, SaysWhatIsTooLong)
{
    const std::string many(most_head_bytes, 'a');
    const std::string line = "GET / HTTP/1.1\r\n";
    EXPECT_EQ(what_is_too_long("GET /" + many).status, 414U);
    EXPECT_EQ(what_is_too_long("GET /" + many + " HTTP/1.1\r\nHost: a\r\n").status, 414U);
    EXPECT_EQ(what_is_too_long(line + "Host: a\r\nX: " + many).status, 431U);
    EXPECT_EQ(what_is_too_long("nonsense\r\n" + many).status, 400U);
    EXPECT_EQ(what_is_too_long(many).status, 400U);
}

TEST(RequestHead, RefusesWhatCannotBeARequestAtItsBeginning)
{
    EXPECT_FALSE(check_beginning("GET / HTTP/1.1\r\nHost: a\r"));
    EXPECT_FALSE(check_beginning(""));
    EXPECT_TRUE(check_beginning("\x16\x03\x01\x02")); // TLS
    EXPECT_TRUE(check_beginning("GET / HTTP/1.1\n"));
    EXPECT_TRUE(check_beginning("\n"));
    EXPECT_TRUE(check_beginning("GET\r/"));
}

} // namespace

} // namespace xdpstat
