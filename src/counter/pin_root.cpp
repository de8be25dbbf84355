// SPDX-License-Identifier: BSD-2-Clause
#include "counter/pin_root.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bpfxx/cpus.hpp"
#include "bpfxx/link.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/dispatching.hpp"
#include "counter/interface.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

constexpr const char* bpffs = "/sys/fs/bpf";
constexpr ::mode_t root_mode = 0755;

std::chrono::system_clock::time_point since_boot(std::chrono::nanoseconds moment)
{
    struct timespec boot = {};
    ::clock_gettime(CLOCK_BOOTTIME, &boot);
    const auto now = std::chrono::seconds(boot.tv_sec) + std::chrono::nanoseconds(boot.tv_nsec);
    return std::chrono::system_clock::now() -
           std::chrono::duration_cast<std::chrono::system_clock::duration>(now - moment);
}

/// Fills in the interface and the mode, if a program of this number is attached to that interface.
bool describe_interface(Instance& instance, std::uint32_t ifindex, std::uint32_t program_id)
{
    const auto state = bpfxx::query_xdp(ifindex);
    for (const auto mode : {bpfxx::XdpMode::native, bpfxx::XdpMode::generic, bpfxx::XdpMode::offload}) {
        if (state && program_id != 0 && state->id(mode) == program_id) {
            instance.interface = interface_name(ifindex);
            instance.ifindex = ifindex;
            instance.mode = bpfxx::to_string(mode);
            return true;
        }
    }
    return false;
}

/// Whether a folder is a bpf file system of its own, in a folder that lies on none.
bool is_volume(const std::string& directory)
{
    const auto around = bpfxx::is_on_bpffs(std::filesystem::path(directory).parent_path().string());
    return around && !*around;
}

/// An instance without a pinned link: the process that attached it holds the link, or it is attached to nothing.
void describe_unpinned(Instance& instance)
{
    if (const std::uint32_t ifindex = ::if_nametoindex(instance.interface.c_str()); ifindex != 0)
        if (describe_interface(instance, ifindex, instance.program_id))
            return;
    // Maps alone, as bpfman gives them to a container: what counts into them is for others to know.
    if (instance.program_id == 0 && !pin_exists(program_pin(instance.directory)) &&
        is_volume(instance.directory)) {
        instance.mode = mode_unknown;
        return;
    }
    if (!is_held(instance.directory))
        return;
    for (const std::string& name : interface_names())
        if (describe_interface(instance, ::if_nametoindex(name.c_str()), instance.program_id))
            return;
    instance.mode = mode_elsewhere;
}

/// Says where it is attached.
void describe_link(Instance& instance, ListedDispatchers& dispatchers)
{
    const auto link = bpfxx::Link::open_pinned(link_pin(instance.directory));
    if (!link) {
        if (is_dispatched(instance.directory))
            describe_dispatched(instance, dispatchers);
        else if (link.error().kind() == bpfxx::ErrorKind::permission)
            instance.mode = mode_unknown;
        else
            describe_unpinned(instance);
        return;
    }
    const auto info = link->info();
    if (!info || info->ifindex == 0)
        return;
    if (describe_interface(instance, info->ifindex, info->program_id))
        return;
    // An upgrade may have exchanged the program between the two questions.
    const auto again = link->info();
    if (again && again->program_id != info->program_id &&
        describe_interface(instance, again->ifindex, again->program_id))
        return;
    // An index means nothing outside the namespace of its interface.
    instance.mode = mode_elsewhere;
}

void describe_program(Instance& instance)
{
    // When it was pinned is known to all who see a pin, when it was loaded only to those who may open it.
    // An upgrade gives a counter another program and keeps the pin of its link.
    bool has_link = false;
    for (const std::string& pin :
         {stats_pin(instance.directory), program_pin(instance.directory), link_pin(instance.directory)}) {
        struct stat status = {};
        has_link = ::stat(pin.c_str(), &status) == 0;
        if (has_link)
            instance.since = std::chrono::system_clock::from_time_t(status.st_mtime);
    }
    const auto program = bpfxx::Program::open_pinned(program_pin(instance.directory));
    if (!program)
        return;
    if (const auto info = program->info()) {
        instance.program_id = info->id;
        instance.program_tag = info->tag;
        if (!has_link)
            instance.since = since_boot(info->loaded_at);
    }
}

void describe_maps(Instance& instance)
{
    if (const auto map = bpfxx::Map::open_pinned(stats_pin(instance.directory))) {
        const auto cpus = bpfxx::possible_cpus();
        const bool one_slot = map->info().max_entries == 1 && !(cpus && cpus->id_limit == 1);
        instance.layout = one_slot ? SlotLayout::shared : SlotLayout::percpu;
    }
    std::error_code error;
    const bool has_traffic = std::filesystem::exists(traffic_pin(instance.directory), error);
    if (!error)
        instance.breakdown = has_traffic;
}

Instance describe(const std::string& directory, const std::string& folder, ListedDispatchers& dispatchers)
{
    Instance instance;
    instance.interface = decode_name(folder);
    instance.directory = directory;
    instance.mode = mode_detached;
    describe_program(instance);
    describe_link(instance, dispatchers);
    describe_maps(instance);
    return instance;
}

std::string names_of(const std::vector<Instance>& instances)
{
    std::string text;
    for (const Instance& instance : instances)
        text += (text.empty() ? "" : ", ") + instance.interface;
    return text;
}

bool is_below(const std::string& path, const std::string& parent)
{
    const auto relative = std::filesystem::path(path).lexically_normal().lexically_relative(parent);
    return !relative.empty() && *relative.begin() != "..";
}

} // namespace

const char* to_string(SlotLayout layout) noexcept
{
    return layout == SlotLayout::percpu ? "percpu" : "shared";
}

std::string encode_name(const std::string& interface)
{
    std::string folder;
    for (const char c : interface)
        folder += c == '.' ? "%2e" : c == '%' ? "%25" : std::string(1, c);
    return folder;
}

std::string decode_name(const std::string& folder)
{
    std::string interface;
    for (std::size_t i = 0; i < folder.size(); i++) {
        const std::string_view code = std::string_view(folder).substr(i, 3);
        if (code == "%2e" || code == "%25") {
            interface += code == "%2e" ? '.' : '%';
            i += 2;
        } else {
            interface += folder[i];
        }
    }
    return interface;
}

std::string PinRoot::directory(const std::string& interface) const
{
    return path_ + "/" + encode_name(interface);
}

bpfxx::Result<std::vector<Instance>> PinRoot::instances() const
{
    std::error_code error;
    std::filesystem::directory_iterator entries(path_, error);
    if (error == std::errc::no_such_file_or_directory)
        return {};
    if (error)
        return std::unexpected(bpfxx::system_error(
            "list", path_, error.value(), error == std::errc::permission_denied ? "run as root" : ""));

    std::vector<Instance> instances;
    ListedDispatchers dispatchers;
    for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        const std::string folder = entries->path().filename().string();
        if (!is_hidden(folder) && is_instance_folder(entries->path().string()))
            instances.push_back(describe(entries->path().string(), folder, dispatchers));
    }
    std::ranges::sort(instances, {}, &Instance::interface);
    return instances;
}

bpfxx::Result<Instance> PinRoot::find(const std::string& interface) const
{
    auto all = instances();
    if (!all)
        return std::unexpected(std::move(all).error());
    const auto on_machine = find_interface(interface);
    const std::string& name = on_machine ? on_machine->name : interface;
    const Instance* found = nullptr;
    for (const Instance& instance : *all)
        if (instance.interface == name && (found == nullptr || instance.ifindex != 0))
            found = &instance;
    if (found != nullptr)
        return *found;

    if (!on_machine)
        return std::unexpected(on_machine.error());
    return std::unexpected(bpfxx::make_error(
        bpfxx::ErrorKind::not_found, "find the counter of", interface,
        (all->empty() ? "nothing is attached below " : "it is not attached below ") + path_,
        all->empty() ? "attach it: xdpstat attach " + interface : "attached are: " + names_of(*all)));
}

bpfxx::Result<std::vector<std::string>> PinRoot::create(bool mount) const
{
    auto on_bpffs = bpfxx::is_on_bpffs(path_);
    if (on_bpffs && !*on_bpffs && mount && is_below(path_, bpffs)) {
        if (::mount("bpf", bpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
            return std::unexpected(bpfxx::system_error("mount a bpf file system on", bpffs, errno,
                                                       errno == EPERM ? "it takes CAP_SYS_ADMIN" : ""));
        on_bpffs = bpfxx::is_on_bpffs(path_);
    }
    if (!on_bpffs)
        return std::unexpected(on_bpffs.error());
    if (!*on_bpffs)
        return std::unexpected(bpfxx::make_error(
            bpfxx::ErrorKind::incompatible, "use pin root", path_, "it does not lie on a bpf file system",
            is_below(path_, bpffs) ? "mount one: add --mount-bpffs, or mount -t bpf bpf /sys/fs/bpf"
                                   : "mount one there, or choose a folder on one with --pin-root"));

    // Folder by folder: std::filesystem would ask for a mode that a bpf file system takes, but hide which one failed.
    std::vector<std::string> made;
    std::error_code unseen;
    std::filesystem::path place;
    for (const auto& part : std::filesystem::absolute(path_)) {
        place /= part;
        if (::mkdir(place.c_str(), root_mode) == 0)
            made.push_back(place.string());
        else if (errno == EEXIST && !std::filesystem::is_directory(place, unseen))
            return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::incompatible, "use pin root", path_,
                                                     place.string() + " is no folder",
                                                     "choose a folder with --pin-root"));
        else if (errno != EEXIST)
            return std::unexpected(bpfxx::system_error(
                "create", place.string(), errno,
                errno == EACCES ? "run as root, or choose a folder that you may write to with --pin-root"
                                : ""));
    }
    return made;
}

} // namespace xdpstat
