// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xdpstat {

/// What a piece of text is; whoever prints it decides how that looks.
enum class Style : std::uint8_t {
    normal,
    title,
    heading,
    strong,
    faint,
    warning,
    selected,
    icmp,
    tcp,
    udp,
    other,
    bar
};

struct Span {
    std::string text;
    Style style = Style::normal;
};

/// A line of styled text, measured in columns of a terminal.
class Line {
public:
    Line() = default;
    explicit Line(std::string_view text, Style style = Style::normal) { add(text, style); }

    Line& add(std::string_view text, Style style = Style::normal);
    /// Fills with blanks up to a column; does nothing where the line is longer.
    Line& pad_to(std::size_t column);
    /// Adds text so that it ends at a column, or right after what is there where it does not fit.
    Line& add_right(std::string_view text, std::size_t end_column, Style style = Style::normal);
    Line& add(const Line& line);
    /// Cuts what goes beyond a column.
    void truncate(std::size_t width);

    [[nodiscard]] std::size_t width() const noexcept { return width_; }
    [[nodiscard]] const std::vector<Span>& spans() const noexcept { return spans_; }
    /// The text without styles or trailing blanks.
    [[nodiscard]] std::string plain() const;

private:
    std::vector<Span> spans_;
    std::size_t width_ = 0;
};

/// Lines as text, each ended by a newline, with the escape sequences of ECMA-48 where colours are wanted.
[[nodiscard]] std::string to_text(const std::vector<Line>& lines, bool color);

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t length = 1; ///< in bytes
    bool valid = false;     ///< else one byte that is no part of UTF-8
};

/// The code point that begins at a byte of the text. `at` is below its size.
[[nodiscard]] CodePoint next_code_point(std::string_view text, std::size_t at) noexcept;

/// How many columns a terminal needs for UTF-8 text without control characters.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

} // namespace xdpstat
