// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/site.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "exporter/embedded_file.hpp"
#include "exporter/negotiation.hpp"
#include "exporter/query.hpp"
#include "view/server_json.hpp"
#include "view/show_json.hpp"

namespace xdpstat {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view snapshot_path = "/api/v1/snapshot";
constexpr std::string_view stream_path = "/api/v1/stream";
constexpr std::string_view history_path = "/api/v1/history";
constexpr std::string_view server_path = "/api/v1/server";
constexpr std::string_view healthz_path = "/healthz";
constexpr std::string_view readyz_path = "/readyz";
constexpr std::string_view json_type = "application/json";

/// How old a reading may be that clients of the API share.
constexpr auto shared_age = milliseconds(50);
constexpr double shortest_interval = 0.1; ///< seconds between two events of a stream
constexpr double longest_interval = 60;
constexpr double longest_step = 60; ///< seconds between two rows of a history
/// Below this compressing gains nothing.
constexpr std::size_t shortest_to_compress = 512;

Response text(unsigned status, std::string body)
{
    Response response;
    response.status = status;
    response.body = std::move(body) + "\n";
    response.fields.emplace_back("Cache-Control", "no-store");
    return response;
}

Response json(std::string body)
{
    Response response;
    response.content_type = json_type;
    response.body = std::move(body);
    response.fields.emplace_back("Cache-Control", "no-store");
    return response;
}

Response file(const EmbeddedFile& found, const Request& request)
{
    Response response;
    response.content_type = found.content_type;
    // A page of another version may be served the next time: ask, which costs a few bytes.
    response.fields.emplace_back("Cache-Control", "no-cache");
    response.fields.emplace_back("ETag", found.etag);
    // Also of a 304 (RFC 9110, 15.4.5).
    response.fields.emplace_back("Vary", "Accept-Encoding");
    if (matches_tag(request.if_none_match, found.etag)) {
        response.status = 304;
        return response;
    }
    if (found.gzip.empty()) {
        response.fixed = found.bytes;
    } else if (takes_gzip(request.accept_encoding)) {
        response.fixed = found.gzip;
        response.fields.emplace_back("Content-Encoding", "gzip");
    } else {
        response.body = decompress_gzip(found.gzip); // hardly any client: browsers take gzip
    }
    return response;
}

/// The path and the query of a target, which may also be a whole URI (RFC 9112, 3.2.2).
std::pair<std::string_view, std::string_view> split_target(std::string_view target)
{
    if (const std::size_t scheme = target.find("://");
        scheme != std::string_view::npos && !target.starts_with('/')) {
        const std::size_t path = target.find('/', scheme + 3);
        target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    }
    const std::size_t mark = target.find('?');
    return {target.substr(0, mark),
            mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1)};
}

} // namespace

const std::vector<std::pair<std::string_view, std::string_view>>& security_fields()
{
    static const std::vector<std::pair<std::string_view, std::string_view>> fields{
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    return fields;
}

Site::Site(Collector collector, MapCollector maps, SiteOptions options)
    : collector_(std::move(collector)), maps_(std::move(maps)), options_(std::move(options))
{
}

namespace {

/// The parameters of a path of the API: a name that is none of them would be thought to choose something. Nothing: any query is
/// taken, and ignored.
std::optional<std::span<const std::string_view>> parameters_of(std::string_view path)
{
    static constexpr std::array<std::string_view, 1> of_stream{"interval"};
    static constexpr std::array<std::string_view, 4> of_history{"interface", "seconds", "step", "counters"};
    if (path == stream_path)
        return of_stream;
    if (path == history_path)
        return of_history;
    if (path == snapshot_path || path == server_path)
        return std::span<const std::string_view>();
    return std::nullopt;
}

} // namespace

bool is_taken(std::string_view path)
{
    constexpr std::array own{snapshot_path, stream_path,  history_path,
                             server_path,   healthz_path, readyz_path};
    return std::ranges::find(own, path) != own.end() ||
           std::ranges::find(embedded_files(), path, &EmbeddedFile::path) != embedded_files().end();
}

Response Site::answer(const Request& request)
{
    if (request.method == Method::unknown)
        return text(501, "this method is not known here; GET and HEAD are");
    const auto [path, query] = split_target(request.target);
    Response response = route(path, query, request);
    // What is there cannot be changed, whatever the method; "*" is the server itself.
    if (request.method == Method::other && (response.status != 404 || path == "*")) {
        response = text(405, "only GET and HEAD are answered here");
        response.fields.emplace_back("Allow", "GET, HEAD");
    }
    compress(response, request);
    return response;
}

Response Site::route(std::string_view path, std::string_view query, const Request& request)
{
    if (path == options_.telemetry_path)
        return metrics_page(request);
    if (const auto known = parameters_of(path))
        if (auto fault = query_fault(query, *known))
            return text(400, std::move(*fault));
    if (path == snapshot_path)
        return json(snapshot_json(collector_.read(shared_age)));
    if (path == history_path)
        return history(query);
    if (path == stream_path) {
        const auto interval = query_number(query, "interval", shortest_interval, longest_interval, 1);
        if (!interval)
            return text(400, "interval is 0.1 to 60 seconds");
        Response response;
        response.content_type = "text/event-stream";
        response.stream = milliseconds(static_cast<std::int64_t>(*interval * 1000));
        response.fields.emplace_back("Cache-Control", "no-store");
        return response;
    }
    if (path == server_path)
        return json(server_json(options_.build, options_.telemetry_path));
    if (path == healthz_path)
        return text(200, "ok");
    if (path == readyz_path)
        return readiness(query);
    const auto files = embedded_files();
    // Browsers ask for it beside an answer that is no page, which cannot say where its icon is.
    const auto found =
        std::ranges::find(files, path == "/favicon.ico" ? "/icon.svg" : path, &EmbeddedFile::path);
    if (found != files.end())
        return file(*found, request);
    return text(404, "there is nothing here; see /");
}

Response Site::metrics_page(const Request& request)
{
    const auto interfaces = collector_.read();
    const auto maps = maps_.read();
    tell_map_problems(maps);
    const MetricsFormat format = choose_format(request.accept);
    Response response;
    response.content_type = content_type(format);
    response.body = metrics({.interfaces = interfaces,
                             .maps = maps,
                             .seconds = collector_.seconds(),
                             .build = options_.build,
                             .process = meter_.read()},
                            {.format = format, .drop_zero = options_.drop_zero});
    response.fields.emplace_back("Cache-Control", "no-store");
    response.fields.emplace_back("Vary", "Accept, Accept-Encoding");
    return response;
}

Response Site::history(std::string_view query)
{
    const auto seconds = query_number(query, "seconds", 1, static_cast<double>(SampleHistory::rows),
                                      static_cast<double>(SampleHistory::rows));
    const auto step = query_number(query, "step", 1, longest_step, 1);
    if (!seconds)
        return text(400, "seconds is 1 to 900");
    if (!step)
        return text(400, "step is 1 to 60");
    const auto counters = query_values(query, "counters");
    if (std::ranges::any_of(counters, [](const std::string& which) { return which != "total"; }))
        return text(400, "counters is total, or not given");
    const auto now =
        std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto named = query_values(query, "interface");
    return json(history_json(history_.all(named),
                             {.step = static_cast<std::int64_t>(*step),
                              .since = now - static_cast<std::int64_t>(*seconds * 1000),
                              .counters = counters.empty() ? HistoryCounters::all : HistoryCounters::total}));
}

std::string Site::not_ready()
{
    if (options_.only_maps)
        return maps_.not_ready();
    (void)collector_.read(std::chrono::seconds(1));
    return collector_.not_ready();
}

Response Site::readiness(std::string_view query)
{
    const auto roots = query_values(query, "pin-root");
    if (std::ranges::any_of(roots, [this](const std::string& root) { return root != options_.pin_root; }))
        return text(503, "not ready: another server answers here, whose pin root is " + options_.pin_root);
    if (const std::string problem = not_ready(); !problem.empty())
        return text(503, "not ready: " + problem);
    const std::string problem = collector_.problem();
    return text(200, problem.empty() ? "ready" : "ready, but " + problem);
}

void Site::tell_readiness()
{
    if (!options_.readiness)
        return;
    std::string problem = not_ready();
    if (told_problem_ == problem)
        return;
    // That all is well from the beginning is what everybody expects.
    if (told_problem_ || !problem.empty())
        options_.readiness(problem);
    told_problem_ = std::move(problem);
}

void Site::tell_map_problems(const std::vector<MapScrape>& maps)
{
    if (!options_.map_problem)
        return;
    for (const MapScrape& map : maps) {
        std::string& told = map_problems_[map.name];
        if (told != map.problem)
            options_.map_problem(map.name, told = map.problem);
    }
}

void Site::compress(Response& response, const Request& request)
{
    if (response.body.size() < shortest_to_compress)
        return;
    const bool varies =
        std::ranges::any_of(response.fields, [](const auto& field) { return field.first == "Vary"; });
    if (!varies)
        response.fields.emplace_back("Vary", "Accept-Encoding");
    if (!takes_gzip(request.accept_encoding))
        return;
    std::string compressed = gzip_.compress(response.body);
    if (compressed.empty())
        return;
    response.body = std::move(compressed);
    response.fields.emplace_back("Content-Encoding", "gzip");
}

std::shared_ptr<const std::string> Site::snapshot_event()
{
    const auto now = steady_clock::now();
    if (!event_ || now - event_time_ >= shared_age) {
        std::string document = snapshot_json(collector_.read(shared_age));
        event_ = std::make_shared<const std::string>("event: snapshot\ndata: " + document + "\n");
        event_time_ = now;
    }
    return event_;
}

void Site::sample()
{
    const auto interfaces = collector_.read(shared_age);
    const auto now =
        std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    history_.add(interfaces, now);
    tell_readiness();
}

} // namespace xdpstat
