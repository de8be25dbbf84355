// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <vector>

#include "bpfxx/error.hpp"
#include "view/line.hpp"
#include "view/reading.hpp"
#include "view/watch_screen.hpp"

namespace xdpstat {

/// True where the locale's characters are UTF-8. Takes the locale of the environment for the whole process; where
/// that one is not installed and asks for UTF-8, C.UTF-8 in its place.
[[nodiscard]] bool takes_utf8();

/// How text on standard output may be drawn.
[[nodiscard]] TextOptions text_options();

/// A key, or `character` for one that has a sign.
enum class Key { character, previous, next, redraw };

struct KeyPress {
    Key key = Key::character;
    int character = 0;
};

/// The whole screen of the terminal on standard output. The destructor gives it back as it was. Only one at a time;
/// not thread-safe; move-only.
class Terminal {
public:
    /// Takes the screen. Errors: unsupported where TERM names no terminal whose screen can be drawn.
    [[nodiscard]] static bpfxx::Result<Terminal> open(bool color);
    Terminal(Terminal&& other) noexcept;
    Terminal& operator=(Terminal&&) = delete;
    ~Terminal();

    [[nodiscard]] ScreenSize size() const;
    void draw(const std::vector<Line>& lines);
    /// Takes the size that the terminal has now.
    void resize();
    /// Gives the screen back until resume().
    void suspend();
    void resume();
    /// A key that was pressed, without waiting.
    [[nodiscard]] std::optional<KeyPress> read_key();

private:
    explicit Terminal(void* screen) : screen_(screen) {}
    void* screen_; ///< curses' SCREEN; its header's macros stay out of this one
};

} // namespace xdpstat
