// SPDX-License-Identifier: BSD-2-Clause
// What a stranger sends to the server: the head of a request, the fields that negotiate, and the query.
#include <algorithm>

#include "exporter/negotiation.hpp"
#include "exporter/query.hpp"
#include "exporter/request_head.hpp"
#include "fuzz.hpp"

namespace xdpstat::fuzz {

namespace {

void check_fault(const RequestFault& fault)
{
    check(fault.status >= 400 && fault.status < 600 && !fault.reason.empty(),
          "a refusal has a status and a reason");
}

} // namespace

void run(Input input)
{
    const std::string_view text = text_of(input);
    const auto fault = check_head(text);
    if (fault)
        check_fault(*fault);
    // Some of the ways in which it may arrive.
    const std::size_t step = std::max<std::size_t>(1, text.size() / 16);
    for (std::size_t size = 0; size < text.size(); size += step) {
        const auto early = check_beginning(text.substr(0, size));
        if (early)
            check_fault(*early);
        check(fault || !early, "what is right as a whole is right from its beginning on");
    }

    check_fault(what_is_too_long(text));

    (void)choose_format(text);
    (void)takes_gzip(text);
    (void)matches_tag(text, "\"a\"");
    check(matches_tag("\"b\", \"a\"", "\"a\""), "a tag that is named is found");
    for (const std::string& value : query_values(text, "interface"))
        check(value.size() <= text.size(), "what is decoded is no longer");
    if (const auto wrong = query_fault(text, {}))
        check(!wrong->empty(), "what is wrong with a query is said");
    if (const auto number = query_number(text, "step", 1, 60, 5))
        check(*number >= 1 && *number <= 60, "a number is within its bounds");
}

} // namespace xdpstat::fuzz
