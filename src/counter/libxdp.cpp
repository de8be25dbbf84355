// SPDX-License-Identifier: BSD-2-Clause
#include "counter/libxdp.hpp"

#ifdef XDPSTAT_LIBXDP

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <unistd.h>
#include <xdp/libxdp.h>

#include "bpfxx/log.hpp"
#include "counter/dispatcher.hpp"
#include "counter/pins.hpp"

// libxdp has it and its header does not: whether this kernel can do what a dispatcher needs. It tries.
extern "C" int libxdp_check_kern_compat(void);

namespace xdpstat::libxdp {

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;
using bpfxx::Result;

struct Close {
    void operator()(struct xdp_program* program) const noexcept { xdp_program__close(program); }
    void operator()(struct xdp_multiprog* programs) const noexcept { xdp_multiprog__close(programs); }
};
using Program = std::unique_ptr<struct xdp_program, Close>;
using Programs = std::unique_ptr<struct xdp_multiprog, Close>;

// libxdp hands its printing function no context.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
thread_local std::string* log_of_call = nullptr;

int keep(enum libxdp_print_level level, const char* format, va_list arguments)
{
    char line[1024];
    if (level != LIBXDP_DEBUG && log_of_call != nullptr &&
        std::vsnprintf(line, sizeof line, format, arguments) > 0)
        *log_of_call += line;
    return 0;
}

/// Collects what libxdp and libbpf say on this thread, in place of their printing it.
class Quiet {
public:
    Quiet()
    {
        log_of_call = &text_;
        libxdp_set_print(keep);
    }
    ~Quiet() { log_of_call = nullptr; }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

    [[nodiscard]] std::string text() const { return text_ + of_libbpf_.text(); }

private:
    std::string text_;
    bpfxx::LogCapture of_libbpf_;
};

enum xdp_attach_mode mode_of(bpfxx::XdpMode mode)
{
    return mode == bpfxx::XdpMode::generic ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

Error failure(const std::string& operation, const std::string& object, long error, const Quiet& said)
{
    Error result = bpfxx::system_error(operation, object, static_cast<int>(-error));
    result.set_detail(said.text());
    return result;
}

/// A pointer that libxdp returns is an error's number where it is none.
Result<Program> take(struct xdp_program* program, const std::string& operation, const std::string& object,
                     const Quiet& said)
{
    if (const long error = libxdp_get_error(program); error != 0 || program == nullptr)
        return std::unexpected(failure(operation, object, error != 0 ? error : -ENOENT, said));
    return Program(program);
}

constexpr const char* no_extensions =
    "this kernel refuses programs that take the place of a function of another (freplace), of which a "
    "dispatcher is made";
constexpr const char* no_functions = "this kernel does not let a program in a dispatcher hand its frame to "
                                     "functions of its own, as the counter "
                                     "does (5.10 does not, 6.1 does)";

/// By which libxdp is told to make no dispatcher.
constexpr const char* skip_variable = "LIBXDP_SKIP_DISPATCHER";

bool is_told_to_skip()
{
    const char* value = ::secure_getenv(skip_variable);
    return value != nullptr && std::string_view(value) == "1";
}

Error no_dispatcher(const std::string& interface, const char* cause, const Quiet& said)
{
    Error error =
        bpfxx::make_error(ErrorKind::unsupported, "attach by a dispatcher to", interface, cause,
                          "attach without --dispatcher, where no other program holds the interface");
    error.set_detail(said.text());
    return error;
}

Result<> check_possible(const std::string& interface)
{
    const Quiet said;
    if (is_told_to_skip())
        return std::unexpected(bpfxx::make_error(ErrorKind::unsupported, "attach by a dispatcher to",
                                                 interface, std::string(skip_variable) + " is set to 1",
                                                 "unset it, or attach without --dispatcher"));
    if (libxdp_check_kern_compat() == 0)
        return {};
    (void)::rmdir(libxdp_folder().c_str()); // which it has just made, unless others use it
    return std::unexpected(no_dispatcher(interface, no_extensions, said));
}

Result<> pin_at_load(struct bpf_object* object, const char* name, const std::string& path)
{
    struct bpf_map* map = bpf_object__find_map_by_name(object, name);
    if (const int error = bpf_map__set_pin_path(map, path.c_str()); error != 0)
        return std::unexpected(bpfxx::system_error("pin", path, -error));
    return {};
}

/// Whether a program is attached to the interface without a dispatcher.
bool is_alone(const Interface& interface)
{
    struct xdp_multiprog* found = xdp_multiprog__get_from_ifindex(static_cast<int>(interface.index));
    if (libxdp_get_error(found) != 0)
        return false;
    const Programs programs(found);
    return xdp_multiprog__is_legacy(found);
}

} // namespace

const char* version() noexcept
{
    return XDPSTAT_LIBXDP;
}

Result<> attach(struct bpf_object* counter, const std::string& directory, const Interface& interface,
                bpfxx::XdpMode mode, const DispatcherOptions& options)
{
    BPFXX_TRY(check_possible(interface.name));
    const Quiet said;
    const std::string operation =
        std::string("attach by a dispatcher in ") + bpfxx::to_string(mode) + " mode to";
    BPFXX_TRY(pin_at_load(counter, XDP_COUNTER_STATS_MAP, stats_pin(directory)));
    BPFXX_TRY(pin_at_load(counter, XDP_COUNTER_TRAFFIC_MAP, traffic_pin(directory)));
    const auto program =
        take(xdp_program__from_bpf_obj(counter, "xdp.frags"), operation, interface.name, said);
    if (!program)
        return std::unexpected(program.error());
    xdp_program__set_run_prio(program->get(), options.priority);
    for (const auto action : {XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT})
        xdp_program__set_chain_call_enabled(program->get(), action,
                                            (options.chain_call_actions >> action & 1U) != 0);
    const int index = static_cast<int>(interface.index);
    if (const int error = xdp_program__attach(program->get(), index, mode_of(mode), 0); error != 0) {
        // What the verifier of a kernel says that takes the context of an extension for an unknown pointer where it is
        // passed to a global function.
        const bool passes_context =
            said.text().find("Caller passes invalid args into func") != std::string::npos;
        return std::unexpected(passes_context ? no_dispatcher(interface.name, no_functions, said)
                                              : failure(operation, interface.name, error, said));
    }
    // Where a dispatcher cannot be made libxdp attaches the program by itself, which would keep others away.
    if (is_alone(interface)) {
        (void)xdp_program__detach(program->get(), index, mode_of(mode), 0);
        return std::unexpected(no_dispatcher(interface.name, no_extensions, said));
    }
    return {};
}

Result<> detach(const std::string& pin, std::uint32_t ifindex, bpfxx::XdpMode mode)
{
    const Quiet said;
    const auto program = take(xdp_program__from_pin(pin.c_str()), "open", pin, said);
    if (!program)
        return std::unexpected(program.error());
    if (const int error = xdp_program__detach(program->get(), static_cast<int>(ifindex), mode_of(mode), 0);
        error != 0)
        return std::unexpected(failure("take the counter out of the dispatcher of",
                                       "interface " + std::to_string(ifindex), error, said));
    return {};
}

} // namespace xdpstat::libxdp

#else

namespace xdpstat::libxdp {

namespace {

std::unexpected<bpfxx::Error> missing(const std::string& operation, const std::string& object)
{
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, operation, object,
                                             "this xdpstat was built without libxdp",
                                             "take one that was built with it: xdpstat --version says so"));
}

} // namespace

const char* version() noexcept
{
    return "none";
}

bpfxx::Result<> attach(struct bpf_object*, const std::string&, const Interface& interface, bpfxx::XdpMode,
                       const DispatcherOptions&)
{
    return missing("attach by a dispatcher to", interface.name);
}

bpfxx::Result<> detach(const std::string&, std::uint32_t ifindex, bpfxx::XdpMode)
{
    return missing("take the counter out of the dispatcher of", "interface " + std::to_string(ifindex));
}

} // namespace xdpstat::libxdp

#endif
