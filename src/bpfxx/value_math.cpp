// SPDX-License-Identifier: BSD-2-Clause
//
// What can be done with values of one type without knowing the map that they come from.
#include <algorithm>
#include <charconv>
#include <compare>

#include "bpfxx/value.hpp"

namespace bpfxx {

namespace {

__extension__ using SignedWide = __int128;

bool is_same(const Value& a, const Value& b)
{
    return compare(a, b) == 0;
}

/// Adds `more` to `sum`, part by part.
void add(Value& sum, const Value& more)
{
    if (sum.kind != more.kind || sum.parts.size() != more.parts.size()) {
        // Such as a char[] that is text on one CPU alone.
        sum.kind = ValueKind::none;
        sum.parts.clear();
    } else if (sum.has_parts()) {
        for (std::size_t i = 0; i < sum.parts.size(); i++)
            add(sum.parts[i], more.parts[i]);
    } else if (sum.is_quantity()) {
        sum.number += more.number;
        sum.real += more.real;
    } else if (!is_same(sum, more)) {
        sum.kind = ValueKind::none;
    }
}

/// Takes the first word off a path: a name, or the number of an element.
std::string_view take_word(std::string_view& path)
{
    const std::size_t end = path.find_first_of(".[]");
    const std::string_view word = path.substr(0, end);
    path.remove_prefix(word.size());
    return word;
}

int sign(std::strong_ordering order)
{
    return order < 0 ? -1 : order > 0 ? 1 : 0;
}

} // namespace

Value sum_over_cpus(std::span<const Value> values)
{
    Value sum = values.empty() ? Value{} : values.front();
    for (const Value& value : values.subspan(std::min<std::size_t>(1, values.size())))
        add(sum, value);
    return sum;
}

Value per_second(const Value& before, const Value& now, double seconds)
{
    Value rate;
    rate.name = now.name;
    rate.type = now.type;
    if (before.kind != now.kind || before.parts.size() != now.parts.size())
        return rate;
    if (now.has_parts()) {
        rate.kind = now.kind;
        for (std::size_t i = 0; i < now.parts.size(); i++)
            rate.parts.push_back(per_second(before.parts[i], now.parts[i], seconds));
    } else if (now.is_quantity()) {
        rate.kind = ValueKind::floating;
        const double grown = now.kind == ValueKind::floating
                                 ? now.real - before.real
                                 : static_cast<double>(static_cast<SignedWide>(now.number - before.number));
        rate.real = grown / seconds;
    }
    return rate;
}

const Value* find_part(const Value& value, std::string_view path)
{
    const Value* at = &value;
    while (!path.empty()) {
        if (path.front() == '[') {
            path.remove_prefix(1);
            const std::string_view word = take_word(path);
            std::size_t index = 0;
            const char* end = word.data() + word.size();
            const auto [stop, error] = std::from_chars(word.data(), end, index);
            if (error != std::errc() || stop != end || !path.starts_with(']') ||
                at->kind != ValueKind::array || index >= at->parts.size())
                return nullptr;
            path.remove_prefix(1);
            at = &at->parts[index];
            continue;
        }
        if (at != &value) {
            if (path.front() != '.')
                return nullptr;
            path.remove_prefix(1);
        }
        // The name of a variable may hold dots, so that of a part need not end at the first.
        if (at->kind != ValueKind::structure && at->kind != ValueKind::overlay)
            return nullptr;
        const Value* next = nullptr;
        for (const Value& part : at->parts) {
            const std::string_view rest = path.substr(std::min(part.name.size(), path.size()));
            if (!part.name.empty() && path.starts_with(part.name) &&
                (rest.empty() || rest.front() == '.' || rest.front() == '[') &&
                (next == nullptr || part.name.size() > next->name.size()))
                next = &part;
        }
        if (next == nullptr)
            return nullptr;
        path.remove_prefix(next->name.size());
        at = next;
    }
    return at;
}

int compare(const Value& a, const Value& b)
{
    if (a.kind != b.kind)
        return sign(a.kind <=> b.kind);
    switch (a.kind) {
    case ValueKind::none:
        return 0;
    case ValueKind::floating:
        return a.real < b.real ? -1 : a.real > b.real ? 1 : 0;
    case ValueKind::text:
    case ValueKind::octets:
    case ValueKind::untyped:
        return sign(a.bytes <=> b.bytes);
    case ValueKind::structure:
    case ValueKind::overlay:
    case ValueKind::array:
        for (std::size_t i = 0; i < std::min(a.parts.size(), b.parts.size()); i++)
            if (const int order = compare(a.parts[i], b.parts[i]); order != 0)
                return order;
        return sign(a.parts.size() <=> b.parts.size());
    default:
        if (a.number == b.number)
            return 0;
        if (a.is_signed)
            return static_cast<SignedWide>(a.number) < static_cast<SignedWide>(b.number) ? -1 : 1;
        return a.number < b.number ? -1 : 1;
    }
}

std::string decimal(Wide number, bool is_signed)
{
    const bool negative = is_signed && static_cast<SignedWide>(number) < 0;
    Wide rest = negative ? Wide{0} - number : number;
    std::string digits;
    for (; rest > 0 || digits.empty(); rest /= 10)
        digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    if (negative)
        digits += '-';
    std::ranges::reverse(digits);
    return digits;
}

} // namespace bpfxx
