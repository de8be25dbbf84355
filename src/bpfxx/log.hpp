// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace bpfxx {

// The library logs nothing. libbpf does: what it says while an operation fails becomes the detail of that operation's
// error, and the rest goes to the hook.

/// What libbpf says of a line's weight.
enum class LogLevel { warning, info, debug };

/// Gets a line of libbpf's log without its newline, borrowed for the call; from any thread, from several at once. It must
/// neither throw nor call libbpf.
using LogHook = std::function<void(LogLevel level, std::string_view line)>;

/// Where libbpf's log goes from now on, for the whole process. An empty hook, as at the start, leaves the lines that no
/// operation keeps to the print function that was set before (libbpf_set_print); libbpf's own writes to stderr.
/// Thread-safe; a line that another thread is handing over may still reach the hook before.
void set_log_hook(LogHook hook);

/// Collects what libbpf logs on this thread while it lives, in place of libbpf's own printing to stderr. The innermost
/// of several gets it. Debug lines go to the hook only.
class LogCapture {
public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    /// Everything so far, at most the last few kilobytes.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    friend void append_to_log(std::string_view line);
    std::string text_;
    LogCapture* outer_;
};

} // namespace bpfxx
