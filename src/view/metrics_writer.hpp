// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xdpstat {

/// The two formats that Prometheus scrapes.
enum class MetricsFormat : std::uint8_t {
    text,        ///< Prometheus text 0.0.4
    openmetrics, ///< OpenMetrics 1.0.0
};

/// What an answer in this format says of its content.
[[nodiscard]] const char* content_type(MetricsFormat format) noexcept;

enum class MetricType : std::uint8_t { counter, gauge, histogram, info };

/// What is said once of all samples of a name.
struct MetricFamily {
    std::string_view name; ///< without the suffix of its type (_total, _info)
    MetricType type = MetricType::gauge;
    std::string_view unit; ///< the last word of the name, or empty
    std::string_view help; ///< a sentence without a full stop
};

/// Writes families one after the other, in either format: the names of counters and infos, UNIT and the bounds of
/// buckets differ between them. Pure; numbers are exact to 64 bits.
class MetricsWriter {
public:
    /// @param size about how many bytes will be written
    explicit MetricsWriter(MetricsFormat format, std::size_t size = 0) : format_(format)
    {
        text_.reserve(size);
    }

    /// Begins a family. A name begins once: samples of a family stand together.
    void begin(const MetricFamily& family);

    /// A sample of the family. @param labels as label() makes them, joined by commas; may be empty
    void sample(std::string_view labels, std::uint64_t value);
    void sample(std::string_view labels, double value);
    /// The same of a number of any size, as its digits.
    void sample_digits(std::string_view labels, std::string_view digits);

    /// Begins samples of the family that have their first labels in common, and the suffix where it is a histogram:
    /// "_bucket", "_sum", "_count". They are put together once, for there may be thousands of samples.
    void begin_samples(std::string_view labels, std::string_view suffix = {});
    /// One of them. @param more its other labels, with the comma before them; may be empty
    void next_sample(std::string_view more, std::uint64_t value);

    /// The label of a bucket with this upper bound.
    [[nodiscard]] std::string bound(std::uint64_t upper) const;

    /// Ends the exposition. The writer is then empty.
    [[nodiscard]] std::string finish();

private:
    template <class WriteNumber>
    void line(std::string_view more, std::size_t most_of_number, const WriteNumber& write_number);

    MetricsFormat format_;
    std::string name_;        ///< of the family
    std::string sample_;      ///< what its samples are called
    std::string head_;        ///< what the samples begin with that have something in common
    bool has_labels_ = false; ///< whether those have any
    std::string text_;
};

/// `name="value"` with the value escaped; what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string label(std::string_view name, std::string_view value);

} // namespace xdpstat
