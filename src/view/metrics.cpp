// SPDX-License-Identifier: BSD-2-Clause
#include "view/metrics.hpp"

#include <array>
#include <vector>

#include "view/names.hpp"
#include "view/traffic_parts.hpp"

namespace xdpstat {

namespace {

/// An interface with what its series have in common: `device="eth0"`.
struct Device {
    const InterfaceScrape* scrape = nullptr;
    const Snapshot* counted = nullptr; ///< null where it does not count
    std::string label;
    std::array<Cell, traffic_parts> parts{}; ///< where it counts with the breakdown
};

using Devices = std::vector<Device>;

// About what a scrape has, to make room for it at once.
constexpr std::size_t bytes_besides = 4096;
constexpr std::size_t bytes_of_a_device = 4096;

std::string part_labels(std::string_view ip_version, std::string_view protocol)
{
    std::string labels = ",ip_version=\"";
    labels += ip_version;
    labels += "\",protocol=\"";
    labels += protocol;
    return labels += '"';
}

/// What follows the device in the labels of each part: the same for all devices.
const std::array<std::string, traffic_parts>& labels_of_parts()
{
    static const std::array<std::string, traffic_parts> labels = [] {
        std::array<std::string, traffic_parts> all;
        const auto parts = all_parts();
        for (std::size_t i = 0; i < all.size(); i++)
            all[i] = part_labels(to_string(parts[i].ip_version), parts[i].protocol);
        return all;
    }();
    return labels;
}

/// Where nothing is broken down there is no version of IP for a protocol: "any" stands for what is not told apart.
constexpr std::string_view any = "any";

void write_parts(MetricsWriter& writer, const Device& device, __u64 Cell::* figure, bool drop_zero)
{
    writer.begin_samples(device.label);
    const auto write = [&](std::string_view labels, std::uint64_t value) {
        if (value != 0 || !drop_zero)
            writer.next_sample(labels, value);
    };
    const Snapshot& snapshot = *device.counted;
    if (snapshot.has_breakdown) {
        for (std::size_t i = 0; i < traffic_parts; i++)
            write(labels_of_parts()[i], device.parts[i].*figure);
    } else if (figure == &Cell::bytes) {
        write(part_labels(any, any), snapshot.stats.total_bytes);
    } else {
        for (std::size_t i = 0; i < class_counters.size(); i++)
            write(part_labels(any, name_of(static_cast<traffic_class>(i)).key),
                  snapshot.stats.*class_counters[i]);
    }
}

/// What follows the device in the labels of each bucket.
using Bounds = std::array<std::string, TRAFFIC_SIZE_COUNT>;

Bounds bounds_of(const MetricsWriter& writer)
{
    Bounds bounds;
    for (std::size_t i = 0; i < bounds.size(); i++)
        bounds[i] = "," + (i < size_bounds.size() ? writer.bound(size_bounds[i]) : "le=\"+Inf\"");
    return bounds;
}

void write_sizes(MetricsWriter& writer, const Device& device, const Bounds& bounds)
{
    Cell all{};
    writer.begin_samples(device.label, "_bucket");
    const auto& sizes = device.scrape->sums.by_size;
    for (std::size_t i = 0; i < sizes.size(); i++) {
        all.packets += sizes[i].packets;
        all.bytes += sizes[i].bytes;
        writer.next_sample(bounds[i], all.packets);
    }
    writer.begin_samples(device.label, "_sum");
    writer.next_sample({}, all.bytes);
    writer.begin_samples(device.label, "_count");
    writer.next_sample({}, all.packets);
}

void write_traffic(MetricsWriter& writer, const Devices& devices, bool drop_zero)
{
    writer.begin({"xdpstat_packets", MetricType::counter, "packets",
                  "Packets that arrived at the interface, each in one of these series"});
    for (const Device& device : devices)
        if (device.counted != nullptr)
            write_parts(writer, device, &Cell::packets, drop_zero);

    writer.begin({"xdpstat_bytes", MetricType::counter, "bytes",
                  "Bytes of those packets: whole frames without the frame check sequence"});
    for (const Device& device : devices)
        if (device.counted != nullptr)
            write_parts(writer, device, &Cell::bytes, drop_zero);

    writer.begin({"xdpstat_packet_size_bytes", MetricType::histogram, "bytes",
                  "Sizes of those packets, where the breakdown is counted"});
    const Bounds bounds = bounds_of(writer);
    for (const Device& device : devices)
        if (device.counted != nullptr && device.counted->has_breakdown)
            write_sizes(writer, device, bounds);
}

void write_attachment(MetricsWriter& writer, const Devices& devices)
{
    writer.begin({"xdpstat_up", MetricType::gauge, "",
                  "Whether the interface's counter is attached and could be read"});
    for (const Device& device : devices)
        writer.sample(device.label, std::uint64_t{device.scrape->up()});

    writer.begin({"xdpstat_attach", MetricType::info, "", "How the counter is attached"});
    for (const Device& device : devices) {
        if (const auto& instance = device.scrape->instance) {
            std::string labels = device.label;
            labels += ',' + label("mode", instance->mode);
            labels += ',' + label("program_tag", instance->program_tag);
            labels += ',' + label("layout", instance->layout ? to_string(*instance->layout) : "unknown");
            writer.sample(labels, std::uint64_t{1});
        }
    }
}

/// Nothing where the statistics are switched off: zero would say that the program never ran.
void write_runs(MetricsWriter& writer, const Devices& devices)
{
    bool any_runs = false;
    for (const Device& device : devices)
        any_runs = any_runs || device.scrape->program;
    if (!any_runs)
        return;
    writer.begin(
        {"xdpstat_program_run_seconds", MetricType::counter, "seconds",
         "Time that the counter's program ran, while the kernel's statistics of BPF programs were on"});
    for (const Device& device : devices)
        if (const auto& program = device.scrape->program)
            writer.sample(device.label, std::chrono::duration<double>(program->time).count());
    writer.begin({"xdpstat_program_runs", MetricType::counter, "", "How often it ran meanwhile"});
    for (const Device& device : devices)
        if (const auto& program = device.scrape->program)
            writer.sample(device.label, program->runs);
}

void write_build(MetricsWriter& writer, const BuildFacts& build)
{
    writer.begin({"xdpstat_build", MetricType::info, "", "What serves these metrics"});
    writer.sample(label("version", build.version) + ',' + label("commit", build.commit) + ',' +
                      label("libbpf", build.libbpf),
                  std::uint64_t{1});
}

void write_process(MetricsWriter& writer, const ProcessFacts& process)
{
    const auto gauge = [&](const MetricFamily& family, auto value) {
        writer.begin(family);
        writer.sample("", value);
    };
    gauge({"process_cpu_seconds", MetricType::counter, "seconds", "User and system CPU time spent"},
          process.cpu_seconds);
    gauge({"process_resident_memory_bytes", MetricType::gauge, "bytes", "Resident memory size"},
          process.resident_bytes);
    gauge({"process_virtual_memory_bytes", MetricType::gauge, "bytes", "Virtual memory size"},
          process.virtual_bytes);
    gauge({"process_open_fds", MetricType::gauge, "fds", "Open file descriptors"}, process.open_descriptors);
    gauge({"process_max_fds", MetricType::gauge, "fds", "Most file descriptors that may be open"},
          process.most_descriptors);
    gauge({"process_start_time_seconds", MetricType::gauge, "seconds",
           "Start time of the process since the beginning of 1970"},
          process.start_time);
}

} // namespace

std::string metrics(const Scrape& scrape, const MetricsOptions& options)
{
    Devices devices;
    devices.reserve(scrape.interfaces.size());
    for (const InterfaceScrape& interface : scrape.interfaces) {
        Device& device = devices.emplace_back();
        device.scrape = &interface;
        device.label = label("device", interface.interface);
        if (!interface.up() || !interface.snapshot)
            continue;
        device.counted = &*interface.snapshot;
        if (device.counted->has_breakdown)
            device.parts = by_part(interface.sums);
    }

    MetricsWriter writer(options.format, bytes_besides + devices.size() * bytes_of_a_device);
    write_traffic(writer, devices, options.drop_zero);
    write_attachment(writer, devices);
    write_runs(writer, devices);
    write_maps(writer, scrape.maps);
    writer.begin({"xdpstat_scrape_duration_seconds", MetricType::gauge, "seconds",
                  "Time that reading all interfaces for this scrape took"});
    writer.sample("", scrape.seconds);
    write_build(writer, scrape.build);
    if (scrape.process)
        write_process(writer, *scrape.process);
    return writer.finish();
}

} // namespace xdpstat
