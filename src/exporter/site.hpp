// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/collector.hpp"
#include "exporter/gzip.hpp"
#include "exporter/map_collector.hpp"
#include "exporter/process_facts.hpp"
#include "exporter/sample_history.hpp"
#include "view/metrics.hpp"

namespace xdpstat {

struct SiteOptions {
    std::string telemetry_path = "/metrics";
    bool drop_zero = false;
    BuildFacts build;
    bool only_maps = false; ///< ready is what reads one of the maps, whatever the interfaces do
    // NOLINTNEXTLINE(readability-redundant-member-init): without it g++ wants it in every list
    std::string pin_root = {}; ///< who asks for the readiness of another one has reached the wrong server
    /// Told what stands in the way, or that nothing does any more (empty), once a second where that has changed.
    std::function<void(const std::string& problem)> readiness;
    /// Told why a map could not be read for a scrape, or that it is read again (empty), where that has changed.
    std::function<void(const std::string& map, const std::string& problem)> map_problem;
};

enum class Method : std::uint8_t {
    get,
    head,
    other,   ///< one that HTTP has, and that nothing here takes
    unknown, ///< none of HTTP's
};

/// A request as the routes see it. Borrows from the connection.
struct Request {
    Method method = Method::get;
    std::string_view target; ///< path and query; a host before them is ignored
    std::string_view accept;
    std::string_view accept_encoding;
    std::string_view if_none_match;
};

/// What to answer. A plain value; `fixed` and the texts of fields live as long as the process.
struct Response {
    unsigned status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view fixed; ///< the body where it is a file of the page; else empty
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    /// In place of a body: snapshots at this interval, until the client goes.
    std::optional<std::chrono::milliseconds> stream;

    [[nodiscard]] std::string_view content() const noexcept { return fixed.empty() ? body : fixed; }
};

/// The fields that every answer has.
[[nodiscard]] const std::vector<std::pair<std::string_view, std::string_view>>& security_fields();

/// Whether something else than metrics is at this path: the page, its files, the API.
[[nodiscard]] bool is_taken(std::string_view path);

/// What is served at which path. Knows nothing of sockets. Not thread-safe.
class Site {
public:
    Site(Collector collector, MapCollector maps, SiteOptions options);

    [[nodiscard]] Response answer(const Request& request);

    /// An event of the stream with all interfaces as they are now. Clients that ask at about the same time share one.
    [[nodiscard]] std::shared_ptr<const std::string> snapshot_event();
    /// Takes a row of the history, and tells of changes of what is ready: once a second.
    void sample();
    /// Looks again for what is attached, at the next reading.
    void look_again() noexcept { collector_.look_again(); }
    /// Serves these maps in place of the former ones: MapCollector::change().
    [[nodiscard]] bpfxx::Result<std::vector<bpfxx::Error>> change_maps(const std::vector<MapTarget>& targets)
    {
        return maps_.change(targets);
    }

private:
    [[nodiscard]] Response route(std::string_view path, std::string_view query, const Request& request);
    [[nodiscard]] Response metrics_page(const Request& request);
    [[nodiscard]] Response history(std::string_view query);
    [[nodiscard]] std::string not_ready();
    [[nodiscard]] Response readiness(std::string_view query);
    void tell_readiness();
    void tell_map_problems(const std::vector<MapScrape>& maps);
    void compress(Response& response, const Request& request);

    Collector collector_;
    MapCollector maps_;
    SiteOptions options_;
    SampleHistory history_;
    ProcessMeter meter_;
    Gzip gzip_;
    std::optional<std::string> told_problem_;
    std::map<std::string, std::string> map_problems_; ///< as told; a map without an entry had none
    std::shared_ptr<const std::string> event_;
    std::chrono::steady_clock::time_point event_time_;
};

} // namespace xdpstat
