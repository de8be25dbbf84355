// SPDX-License-Identifier: BSD-2-Clause
#include "view/metrics_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "view/line.hpp"

namespace xdpstat {

namespace {

/// Longer than any number of 64 bits, and any double in the shortest digits that tell it.
constexpr std::size_t most_digits = 32;

/// Copies some dozen characters in place: a call for each piece of a line would cost as much as the copying.
char* put(char* at, std::string_view text) noexcept
{
    constexpr std::size_t step = 16;
    const char* from = text.data();
    char* const end = at + text.size();
    if (text.size() >= step) {
        for (; end - at >= std::ptrdiff_t{step}; at += step, from += step)
            std::memcpy(at, from, step);
        // The last ones again, with those before them.
        std::memcpy(end - step, text.data() + text.size() - step, step);
        return end;
    }
    return std::copy(from, from + text.size(), at);
}

/// A line break would end the comment. OpenMetrics escapes quotation marks too.
void append_help(std::string& text, std::string_view help, MetricsFormat format)
{
    const std::string_view escaped = format == MetricsFormat::openmetrics ? "\n\\\"" : "\n\\";
    while (true) {
        const std::size_t plain = std::min(help.find_first_of(escaped), help.size());
        text += help.substr(0, plain);
        if (plain == help.size())
            return;
        (text += '\\') += help[plain] == '\n' ? 'n' : help[plain];
        help.remove_prefix(plain + 1);
    }
}

std::string_view type_name(MetricType type, MetricsFormat format)
{
    switch (type) {
    case MetricType::counter:
        return "counter";
    case MetricType::histogram:
        return "histogram";
    case MetricType::info:
        // The older format knows none.
        return format == MetricsFormat::openmetrics ? "info" : "gauge";
    case MetricType::gauge:
        break;
    }
    return "gauge";
}

std::string_view suffix_of(MetricType type)
{
    switch (type) {
    case MetricType::counter:
        return "_total";
    case MetricType::info:
        return "_info";
    case MetricType::gauge:
    case MetricType::histogram:
        break;
    }
    return "";
}

} // namespace

const char* content_type(MetricsFormat format) noexcept
{
    return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                : "text/plain; version=0.0.4; charset=utf-8";
}

void MetricsWriter::begin(const MetricFamily& family)
{
    name_ = family.name;
    (sample_ = family.name) += suffix_of(family.type);
    // The older format names in its comments what the samples are called.
    const std::string& called = format_ == MetricsFormat::text ? sample_ : name_;
    ((text_ += "# HELP ") += called) += ' ';
    append_help(text_, family.help, format_);
    (text_ += '.') += '\n';
    (((text_ += "# TYPE ") += called) += ' ') += type_name(family.type, format_);
    text_ += '\n';
    if (format_ == MetricsFormat::openmetrics && !family.unit.empty())
        ((((text_ += "# UNIT ") += called) += ' ') += family.unit) += '\n';
}

void MetricsWriter::begin_samples(std::string_view labels, std::string_view suffix)
{
    (head_ = sample_) += suffix;
    has_labels_ = !labels.empty();
    if (has_labels_)
        (head_ += '{') += labels;
}

/// A line in one go, for an exposition has thousands.
template <class WriteNumber>
void MetricsWriter::line(std::string_view more, std::size_t most_of_number, const WriteNumber& write_number)
{
    constexpr std::string_view between = "} \n";
    const std::size_t before = text_.size();
    const std::size_t most = head_.size() + more.size() + between.size() + most_of_number;
    text_.resize_and_overwrite(before + most, [&](char* text, std::size_t size) {
        char* at = put(put(text + before, head_), more);
        if (has_labels_)
            *at++ = '}';
        *at++ = ' ';
        at = write_number(at, text + size - 1);
        *at++ = '\n';
        return static_cast<std::size_t>(at - text);
    });
}

void MetricsWriter::next_sample(std::string_view more, std::uint64_t value)
{
    line(more, most_digits, [&](char* at, char* end) { return std::to_chars(at, end, value).ptr; });
}

void MetricsWriter::sample(std::string_view labels, std::uint64_t value)
{
    begin_samples(labels);
    next_sample({}, value);
}

void MetricsWriter::sample(std::string_view labels, double value)
{
    begin_samples(labels);
    line({}, most_digits, [&](char* at, char* end) { return std::to_chars(at, end, value).ptr; });
}

void MetricsWriter::sample_digits(std::string_view labels, std::string_view digits)
{
    begin_samples(labels);
    line({}, digits.size(), [&](char* at, char* /*end*/) { return put(at, digits); });
}

std::string MetricsWriter::bound(std::uint64_t upper) const
{
    // OpenMetrics has bounds as floating point numbers, and the text of a label is what tells series apart.
    return "le=\"" + std::to_string(upper) + (format_ == MetricsFormat::openmetrics ? ".0\"" : "\"");
}

std::string MetricsWriter::finish()
{
    if (format_ == MetricsFormat::openmetrics)
        text_ += "# EOF\n";
    return std::exchange(text_, {});
}

std::string label(std::string_view name, std::string_view value)
{
    constexpr std::string_view before = "=\"";
    std::string result;
    result.reserve(name.size() + before.size() + value.size() + 1);
    (result += name) += before;
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    std::size_t plain = 0; // mostly all of it
    while (plain < value.size() && is_plain(value[plain]))
        plain++;
    result.append(value, 0, plain);
    for (std::size_t at = plain; at < value.size();) {
        const CodePoint point = next_code_point(value, at);
        if (!point.valid)
            result += "\xef\xbf\xbd";
        else if (value[at] == '\n')
            result += "\\n";
        else if (value[at] == '"' || value[at] == '\\')
            (result += '\\') += value[at];
        else
            result.append(value, at, point.length);
        at += point.length;
    }
    return result += '"';
}

} // namespace xdpstat
