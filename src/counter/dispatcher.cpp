// SPDX-License-Identifier: BSD-2-Clause
#include "counter/dispatcher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "bpfxx/fd.hpp"
#include "bpfxx/link.hpp"
#include "bpfxx/program.hpp"

namespace xdpstat {

namespace {

/// As many as libxdp's and bpfman's dispatchers run.
constexpr std::size_t most_programs = 10;

/// Where bpfman pins its dispatchers for XDP: the place of its releases, and that of installations on the machine's own
/// bpf file system.
constexpr std::array bpfman_folders{"/run/bpfman/fs/xdp", "/sys/fs/bpf/bpfman/xdp"};

bool exists(const std::string& path)
{
    std::error_code unseen;
    return std::filesystem::exists(path, unseen);
}

std::vector<std::string> names_in(const std::string& folder)
{
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entries(folder, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error))
        names.push_back(entries->path().filename().string());
    return names;
}

/// Takes a number and what must stand before it off a text; nothing where it begins otherwise.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view before)
{
    if (!text.starts_with(before))
        return std::nullopt;
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + before.size(), end, number);
    if (read.ec != std::errc{})
        return std::nullopt;
    text = std::string_view(read.ptr, end);
    return number;
}

std::optional<DispatchedProgram> look_at(const bpfxx::Program& program)
{
    const auto info = program.info();
    if (!info)
        return std::nullopt;
    return DispatchedProgram{info->id, info->name, info->tag};
}

/// What the names of a program's pins begin with.
std::string stem_of(const Dispatcher& dispatcher, std::size_t position)
{
    return dispatcher.folder + "/prog" + std::to_string(position);
}

/// Those that libxdp has pinned, up to the first that is not there.
std::vector<DispatchedProgram> programs_of_libxdp(const Dispatcher& dispatcher)
{
    std::vector<DispatchedProgram> programs;
    for (std::size_t position = 0; position < most_programs; position++) {
        const auto pinned = bpfxx::Program::open_pinned(dispatched_pin(dispatcher, position));
        const auto program = pinned ? look_at(*pinned) : std::nullopt;
        if (!program)
            break;
        programs.push_back(*program);
    }
    return programs;
}

std::optional<std::uint32_t> program_of_link(const std::string& path)
{
    const auto link = bpfxx::Link::open_pinned(path);
    const auto id = link ? link->program_id() : std::unexpected(link.error());
    return id ? std::optional(*id) : std::nullopt;
}

/// bpfman pins a link for each program, below a folder for each revision of the dispatcher; the last is in use.
std::vector<DispatchedProgram> programs_of_bpfman(const std::string& folder, const std::string& stem)
{
    std::uint64_t last = 0;
    std::string newest;
    for (const std::string& name : names_in(folder)) {
        std::string_view text = name;
        const auto revision = take_number(text, stem);
        if (revision && text.empty() && (newest.empty() || *revision >= last)) {
            last = *revision;
            newest = folder + "/" + name;
        }
    }
    std::vector<DispatchedProgram> programs;
    for (std::size_t position = 0; !newest.empty() && position < most_programs; position++)
        if (const auto id = program_of_link(newest + "/link_" + std::to_string(position)))
            programs.push_back(look_up_program(*id));
    return programs;
}

/// bpfman's pins of a dispatcher are named after a network namespace, an interface and a revision; its link says which
/// program is meant.
bool find_in_bpfman(Dispatcher& dispatcher)
{
    for (const std::string folder : bpfman_folders) {
        for (const std::string& name : names_in(folder)) {
            std::string_view text = name;
            const auto network = take_number(text, "dispatcher_");
            const auto ifindex = network ? take_number(text, "_") : std::nullopt;
            if (!ifindex || *ifindex != dispatcher.ifindex || text != "_link" ||
                program_of_link(folder + "/" + name) != dispatcher.program_id)
                continue;
            dispatcher.kind = DispatcherKind::bpfman;
            dispatcher.programs =
                programs_of_bpfman(folder, name.substr(0, name.size() - std::string_view("link").size()));
            return true;
        }
    }
    return false;
}

} // namespace

std::string libxdp_folder()
{
    const char* chosen = ::secure_getenv("LIBXDP_BPFFS");
    return std::string(chosen != nullptr ? chosen : "/sys/fs/bpf") + "/xdp";
}

std::string dispatched_pin(const Dispatcher& dispatcher, std::size_t position)
{
    return stem_of(dispatcher, position) + "-prog";
}

std::optional<Dispatcher> find_dispatcher(std::uint32_t ifindex, std::uint32_t program_id)
{
    Dispatcher dispatcher{.kind = DispatcherKind::libxdp,
                          .ifindex = ifindex,
                          .program_id = program_id,
                          .folder = libxdp_folder() + "/dispatch-" + std::to_string(ifindex) + "-" +
                                    std::to_string(program_id),
                          .programs = {}};
    if (program_id == 0)
        return std::nullopt;
    if (exists(dispatcher.folder)) {
        dispatcher.programs = programs_of_libxdp(dispatcher);
        return dispatcher;
    }
    dispatcher.folder.clear();
    if (find_in_bpfman(dispatcher))
        return dispatcher;
    if (look_up_program(program_id).name != dispatcher_name)
        return std::nullopt;
    const bool has_bpfman = std::ranges::any_of(bpfman_folders, [](const std::filesystem::path& folder) {
        return exists(folder.parent_path().string());
    });
    dispatcher.kind = has_bpfman ? DispatcherKind::bpfman : DispatcherKind::unknown;
    return dispatcher;
}

std::vector<Dispatcher> pinned_dispatchers()
{
    const std::string root = libxdp_folder();
    std::vector<Dispatcher> dispatchers;
    for (const std::string& name : names_in(root)) {
        std::string_view text = name;
        const auto ifindex = take_number(text, "dispatch-");
        const auto id = ifindex ? take_number(text, "-") : std::nullopt;
        if (!id || !text.empty())
            continue;
        Dispatcher dispatcher{.kind = DispatcherKind::libxdp,
                              .ifindex = static_cast<std::uint32_t>(*ifindex),
                              .program_id = static_cast<std::uint32_t>(*id),
                              .folder = root + "/" + name,
                              .programs = {}};
        dispatcher.programs = programs_of_libxdp(dispatcher);
        dispatchers.push_back(std::move(dispatcher));
    }
    return dispatchers;
}

bpfxx::Result<> remove_pinned(const Dispatcher& dispatcher, std::size_t position)
{
    // As libxdp does, so that none of its users is in the midst of it.
    const bpfxx::Fd lock(::open(libxdp_folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock || ::flock(lock.get(), LOCK_EX) != 0)
        return std::unexpected(bpfxx::system_error("lock", libxdp_folder(), errno));
    for (const char* pin_of : {"-link", "-prog"})
        if (const std::string pin = stem_of(dispatcher, position) + pin_of;
            ::unlink(pin.c_str()) != 0 && errno != ENOENT)
            return std::unexpected(bpfxx::system_error("remove", pin, errno));
    if (::rmdir(dispatcher.folder.c_str()) != 0 && errno != ENOTEMPTY)
        return std::unexpected(bpfxx::system_error("remove", dispatcher.folder, errno));
    return {};
}

const char* to_string(DispatcherKind kind) noexcept
{
    switch (kind) {
    case DispatcherKind::libxdp:
        return "libxdp's dispatcher";
    case DispatcherKind::bpfman:
        return "bpfman's dispatcher";
    case DispatcherKind::unknown:
        break;
    }
    return "a dispatcher";
}

std::string describe(const DispatchedProgram& program)
{
    const std::string number = "id " + std::to_string(program.id);
    return program.name.empty() ? number : "'" + program.name + "' (" + number + ", tag " + program.tag + ")";
}

std::string describe(const std::vector<DispatchedProgram>& programs)
{
    std::string text;
    for (const DispatchedProgram& program : programs)
        text += (text.empty() ? "" : ", ") + describe(program);
    return text;
}

DispatchedProgram look_up_program(std::uint32_t id)
{
    const auto program = bpfxx::Program::open_id(id);
    const auto found = program ? look_at(*program) : std::nullopt;
    return found ? *found : DispatchedProgram{.id = id, .name = {}, .tag = {}};
}

} // namespace xdpstat
