// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/log.hpp"

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include <bpf/libbpf.h>

namespace bpfxx {

namespace {

constexpr std::size_t longest_log = 16 * 1024;

// libbpf hands its printing function no context.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
thread_local LogCapture* current_capture = nullptr;
std::atomic<libbpf_print_fn_t> print_before = nullptr;
std::mutex hook_guard;
std::shared_ptr<const LogHook> hook_now;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

std::shared_ptr<const LogHook> current_hook()
{
    const std::scoped_lock lock(hook_guard);
    return hook_now;
}

LogLevel level_of(enum libbpf_print_level level)
{
    switch (level) {
    case LIBBPF_WARN:
        return LogLevel::warning;
    case LIBBPF_INFO:
        return LogLevel::info;
    case LIBBPF_DEBUG:
        break;
    }
    return LogLevel::debug;
}

} // namespace

void append_to_log(std::string_view line)
{
    std::string& text = current_capture->text_;
    text += line;
    if (text.size() > longest_log)
        text.erase(0, text.size() - longest_log);
}

namespace {

int take_line(enum libbpf_print_level level, const char* format, va_list arguments)
{
    const auto hook = current_hook();
    const bool is_captured = current_capture != nullptr && level != LIBBPF_DEBUG;
    if (!hook && !is_captured) {
        const libbpf_print_fn_t before = current_capture == nullptr ? print_before.load() : nullptr;
        return before == nullptr ? 0 : before(level, format, arguments);
    }
    std::array<char, 4096> buffer{};
    const int length = std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
    std::string_view line(buffer.data()); // cut where it is longer
    if (is_captured)
        append_to_log(line);
    if (hook) {
        if (line.ends_with('\n'))
            line.remove_suffix(1);
        (*hook)(level_of(level), line);
    }
    return length;
}

/// Again each time: the program may have set a function of its own since.
void listen()
{
    const libbpf_print_fn_t before = libbpf_set_print(take_line);
    if (before != take_line)
        print_before = before;
}

} // namespace

void set_log_hook(LogHook hook)
{
    std::shared_ptr<const LogHook> next;
    if (hook)
        next = std::make_shared<const LogHook>(std::move(hook));
    {
        const std::scoped_lock lock(hook_guard);
        hook_now.swap(next);
    }
    listen();
}

LogCapture::LogCapture() : outer_(current_capture)
{
    current_capture = this;
    listen();
}

LogCapture::~LogCapture()
{
    current_capture = outer_;
}

} // namespace bpfxx
