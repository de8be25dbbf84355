// SPDX-License-Identifier: BSD-2-Clause
#include "view/metrics.hpp"

#include <vector>

#include "view/names.hpp"
#include "view/traffic_parts.hpp"

namespace xdpstat {

namespace {

/// An interface with what its series have in common: `device="eth0"`.
struct Device {
    const InterfaceScrape* scrape;
    std::string label;
};

using Devices = std::vector<Device>;

std::string part_labels(const Device& device, std::string_view ip_version, std::string_view protocol)
{
    std::string labels = device.label;
    labels += ",ip_version=\"";
    labels += ip_version;
    labels += "\",protocol=\"";
    labels += protocol;
    return labels += '"';
}

/// Where nothing is broken down there is no version of IP for a protocol: "any" stands for what is not told apart.
constexpr std::string_view any = "any";

void write_parts(MetricsWriter& writer, const Device& device, __u64 Cell::* figure, bool drop_zero)
{
    const Snapshot& snapshot = *device.scrape->snapshot;
    if (snapshot.has_breakdown) {
        for (const TrafficPart& part : parts_of(snapshot.traffic))
            if (const std::uint64_t value = part.sum.*figure; value != 0 || !drop_zero)
                writer.sample(part_labels(device, to_string(part.ip_version), part.protocol), value);
    } else if (figure == &Cell::bytes) {
        if (snapshot.stats.total_bytes != 0 || !drop_zero)
            writer.sample(part_labels(device, any, any), std::uint64_t{snapshot.stats.total_bytes});
    } else {
        for (std::size_t i = 0; i < class_counters.size(); i++)
            if (const std::uint64_t value = snapshot.stats.*class_counters[i]; value != 0 || !drop_zero)
                writer.sample(part_labels(device, any, name_of(static_cast<traffic_class>(i)).key), value);
    }
}

void write_sizes(MetricsWriter& writer, const Device& device)
{
    const auto sizes = by_size(device.scrape->snapshot->traffic);
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < sizes.size(); i++) {
        packets += sizes[i].packets;
        bytes += sizes[i].bytes;
        const std::string bound = i < size_bounds.size() ? writer.bound(size_bounds[i]) : "le=\"+Inf\"";
        writer.part("_bucket", device.label + "," + bound, packets);
    }
    writer.part("_sum", device.label, bytes);
    writer.part("_count", device.label, packets);
}

void write_traffic(MetricsWriter& writer, const Devices& devices, bool drop_zero)
{
    writer.begin({"xdpstat_packets", MetricType::counter, "packets",
                  "Packets that arrived at the interface, each in one of these series"});
    for (const Device& device : devices)
        if (device.scrape->up())
            write_parts(writer, device, &Cell::packets, drop_zero);

    writer.begin({"xdpstat_bytes", MetricType::counter, "bytes",
                  "Bytes of those packets: whole frames without the frame check sequence"});
    for (const Device& device : devices)
        if (device.scrape->up())
            write_parts(writer, device, &Cell::bytes, drop_zero);

    writer.begin({"xdpstat_packet_size_bytes", MetricType::histogram, "bytes",
                  "Sizes of those packets, where the breakdown is counted"});
    for (const Device& device : devices)
        if (device.scrape->up() && device.scrape->snapshot->has_breakdown)
            write_sizes(writer, device);
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
    for (const InterfaceScrape& interface : scrape.interfaces)
        devices.push_back({&interface, label("device", interface.interface)});

    MetricsWriter writer(options.format);
    write_traffic(writer, devices, options.drop_zero);
    write_attachment(writer, devices);
    write_runs(writer, devices);
    writer.begin({"xdpstat_scrape_duration_seconds", MetricType::gauge, "seconds",
                  "Time that reading all interfaces for this scrape took"});
    writer.sample("", scrape.seconds);
    write_build(writer, scrape.build);
    if (scrape.process)
        write_process(writer, *scrape.process);
    return writer.finish();
}

} // namespace xdpstat
