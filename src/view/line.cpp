// SPDX-License-Identifier: BSD-2-Clause
#include "view/line.hpp"

#include <algorithm>
#include <array>

namespace xdpstat {

namespace {

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

// Unicode 15, EastAsianWidth.txt W and F, and what terminals draw as emoji; blocks, not single characters.
constexpr std::array wide_ranges{
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0xa4cf},   Range{0xa960, 0xa97f},
    Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
    Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1faff},
    Range{0x20000, 0x3fffd},
};

// Marks that stand on the character before them.
constexpr std::array combining_ranges{
    Range{0x0300, 0x036f}, Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff},
    Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, std::uint32_t value) noexcept
{
    return std::ranges::any_of(
        ranges, [&](const Range& range) { return value >= range.first && value <= range.last; });
}

std::size_t columns_of(std::uint32_t value) noexcept
{
    // Latin letters, and the lines and blocks that most of a screen is made of: no need to search.
    if (value < combining_ranges.front().first || (value >= 0x2500 && value <= 0x259f))
        return 1;
    if (within(combining_ranges, value))
        return 0;
    return within(wide_ranges, value) ? 2 : 1;
}

std::string_view escape_of(Style style)
{
    switch (style) {
    case Style::normal:
        return "";
    case Style::title:
    case Style::strong:
        return "\033[1m";
    case Style::heading:
        return "\033[4m";
    case Style::faint:
        return "\033[2m";
    case Style::warning:
        return "\033[1;31m";
    case Style::selected:
        return "\033[7m";
    case Style::icmp:
        return "\033[35m";
    case Style::tcp:
        return "\033[36m";
    case Style::udp:
        return "\033[32m";
    case Style::other:
        return "\033[33m";
    case Style::bar:
        return "\033[34m";
    }
    return "";
}

} // namespace

CodePoint next_code_point(std::string_view text, std::size_t at) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(at);
    if (lead < 0x80)
        return {.value = lead, .length = 1, .valid = true};

    std::size_t length = 0;
    std::uint32_t value = 0;
    std::uint32_t smallest = 0; // what is smaller has a shorter encoding, and that alone is valid
    if ((lead & 0xe0) == 0xc0) {
        length = 2;
        value = lead & 0x1fU;
        smallest = 0x80;
    } else if ((lead & 0xf0) == 0xe0) {
        length = 3;
        value = lead & 0x0fU;
        smallest = 0x800;
    } else if ((lead & 0xf8) == 0xf0) {
        length = 4;
        value = lead & 0x07U;
        smallest = 0x10000;
    }
    if (length == 0 || at + length > text.size())
        return {.value = lead, .length = 1, .valid = false};
    for (std::size_t i = 1; i < length; i++) {
        if ((byte(at + i) & 0xc0) != 0x80)
            return {.value = lead, .length = 1, .valid = false};
        value = value << 6U | (byte(at + i) & 0x3fU);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest || value > 0x10ffff || surrogate)
        return {.value = lead, .length = 1, .valid = false};
    return {.value = value, .length = length, .valid = true};
}

std::size_t display_width(std::string_view text) noexcept
{
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = next_code_point(text, at);
        width += point.valid ? columns_of(point.value) : 1;
        at += point.length;
    }
    return width;
}

Line& Line::add(std::string_view text, Style style)
{
    if (text.empty())
        return *this;
    width_ += display_width(text);
    if (!spans_.empty() && spans_.back().style == style)
        spans_.back().text += text;
    else
        spans_.push_back({std::string(text), style});
    return *this;
}

Line& Line::pad_to(std::size_t column)
{
    if (column > width_)
        add(std::string(column - width_, ' '));
    return *this;
}

Line& Line::add_right(std::string_view text, std::size_t end_column, Style style)
{
    const std::size_t text_width = display_width(text);
    if (end_column > text_width)
        pad_to(end_column - text_width);
    return add(text, style);
}

Line& Line::add(const Line& line)
{
    for (const Span& span : line.spans_)
        add(span.text, span.style);
    return *this;
}

void Line::truncate(std::size_t width)
{
    if (width_ <= width)
        return;
    const std::vector<Span> spans = std::move(spans_);
    spans_.clear();
    width_ = 0;
    for (const Span& span : spans) {
        for (std::size_t at = 0; at < span.text.size();) {
            const CodePoint point = next_code_point(span.text, at);
            const std::size_t columns = point.valid ? columns_of(point.value) : 1;
            if (width_ + columns > width)
                return;
            add(std::string_view(span.text).substr(at, point.length), span.style);
            at += point.length;
        }
    }
}

std::string Line::plain() const
{
    std::string text;
    for (const Span& span : spans_)
        text += span.text;
    text.resize(text.find_last_not_of(' ') + 1);
    return text;
}

std::string to_text(const std::vector<Line>& lines, bool color)
{
    std::string text;
    for (const Line& line : lines) {
        if (!color) {
            text += line.plain();
        } else {
            for (const Span& span : line.spans()) {
                const std::string_view escape = escape_of(span.style);
                text += escape;
                text += span.text;
                if (!escape.empty())
                    text += "\033[0m";
            }
        }
        text += '\n';
    }
    return text;
}

} // namespace xdpstat
