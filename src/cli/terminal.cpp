// SPDX-License-Identifier: BSD-2-Clause
#include "cli/terminal.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

// Without this curses' macros (erase, move, refresh) would take the names of C++ functions.
#define NCURSES_NOMACROS
#include <curses.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/context.hpp"
#include "cli/signals.hpp"

namespace xdpstat {

namespace {

// curses installs its own handlers, which end the process behind our back.
constexpr std::array signals_of_curses{SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

bool codeset_is_utf8()
{
    return std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
}

bool environment_asks_for_utf8()
{
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0')
            continue;
        const std::string text = value;
        return text.find("UTF-8") != std::string::npos || text.find("utf8") != std::string::npos;
    }
    return false;
}

constexpr std::array color_styles{
    std::pair{Style::warning, COLOR_RED},  std::pair{Style::icmp, COLOR_MAGENTA},
    std::pair{Style::tcp, COLOR_CYAN},     std::pair{Style::udp, COLOR_GREEN},
    std::pair{Style::other, COLOR_YELLOW}, std::pair{Style::bar, COLOR_BLUE},
};

void start_colors()
{
    ::start_color();
    ::use_default_colors();
    for (const auto& [style, color] : color_styles)
        ::init_pair(static_cast<short>(style), static_cast<short>(color), -1);
}

chtype attributes_of(Style style)
{
    switch (style) {
    case Style::normal:
        return A_NORMAL;
    case Style::title:
    case Style::strong:
        return A_BOLD;
    case Style::heading:
        return A_UNDERLINE;
    case Style::faint:
        return A_DIM;
    case Style::selected:
        return A_REVERSE;
    case Style::warning:
        return A_BOLD | static_cast<chtype>(COLOR_PAIR(static_cast<int>(style)));
    case Style::icmp:
    case Style::tcp:
    case Style::udp:
    case Style::other:
    case Style::bar:
        return static_cast<chtype>(COLOR_PAIR(static_cast<int>(style)));
    }
    return A_NORMAL;
}

// What gives the terminal back after a fault, when nothing but system calls may be used. A handler
// is given nothing else to find it by. NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
struct termios state_before = {};
bool has_state_before = false;
std::string restoring_text;
std::array<struct sigaction, fault_signals.size()> actions_before{};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void restore_and_fail(int signal)
{
    if (!restoring_text.empty())
        (void)!::write(STDOUT_FILENO, restoring_text.data(), restoring_text.size());
    if (has_state_before)
        ::tcsetattr(STDIN_FILENO, TCSANOW, &state_before);
    // The action is the standard one again (SA_RESETHAND): with the return the fault comes once more, and ends it.
    ::raise(signal);
}

void restore_after_faults()
{
    restoring_text.clear();
    for (const char* name : {"cnorm", "sgr0", "rmcup"}) {
        const char* text = ::tigetstr(name);
        // NOLINTNEXTLINE(performance-no-int-to-ptr): terminfo's own word for no such string
        if (text != nullptr && text != reinterpret_cast<const char*>(-1))
            restoring_text += text;
    }
    struct sigaction action = {};
    action.sa_handler = restore_and_fail;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < fault_signals.size(); i++)
        ::sigaction(fault_signals.at(i), &action, &actions_before.at(i));
}

void leave_faults_alone()
{
    for (std::size_t i = 0; i < fault_signals.size(); i++)
        ::sigaction(fault_signals.at(i), &actions_before.at(i), nullptr);
}

} // namespace

bool takes_utf8()
{
    std::setlocale(LC_CTYPE, "");
    if (!codeset_is_utf8() && environment_asks_for_utf8())
        std::setlocale(LC_CTYPE, "C.UTF-8");
    return codeset_is_utf8();
}

TextOptions text_options()
{
    return {.color = wants_color(), .utf8 = takes_utf8()};
}

bpfxx::Result<Terminal> Terminal::open(bool color)
{
    const char* type = std::getenv("TERM");
    const auto unsupported = [&] {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::unsupported, "draw on terminal",
                                                 type != nullptr ? type : "(TERM is not set)",
                                                 "its description is missing or knows no cursor"));
    };
    std::array<struct sigaction, signals_of_curses.size()> before{};
    for (std::size_t i = 0; i < before.size(); i++)
        ::sigaction(signals_of_curses.at(i), nullptr, &before.at(i));
    has_state_before = ::tcgetattr(STDIN_FILENO, &state_before) == 0;
    SCREEN* screen = ::newterm(nullptr, stdout, stdin);
    for (std::size_t i = 0; i < before.size(); i++)
        ::sigaction(signals_of_curses.at(i), &before.at(i), nullptr);
    if (screen == nullptr)
        return unsupported();
    Terminal terminal(screen);
    restore_after_faults();
    if (::tigetstr("cup") == nullptr)
        return unsupported();

    ::cbreak(); // keys at once; Ctrl-C and Ctrl-Z stay signals
    ::noecho();
    ::nonl();
    ::intrflush(::stdscr, FALSE);
    ::keypad(::stdscr, TRUE);
    ::nodelay(::stdscr, TRUE);
    ::set_escdelay(25);
    ::typeahead(-1);
    ::curs_set(0);
    if (color && ::has_colors())
        start_colors();
    return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept : screen_(std::exchange(other.screen_, nullptr)) {}

Terminal::~Terminal()
{
    if (screen_ == nullptr)
        return;
    ::endwin();
    leave_faults_alone();
    ::delscreen(static_cast<SCREEN*>(screen_));
}

ScreenSize Terminal::size() const
{
    return {.width = static_cast<std::size_t>(std::max(1, ::getmaxx(::stdscr))),
            .height = static_cast<std::size_t>(std::max(1, ::getmaxy(::stdscr)))};
}

void Terminal::draw(const std::vector<Line>& lines)
{
    ::werase(::stdscr);
    for (std::size_t row = 0; row < lines.size(); row++) {
        ::wmove(::stdscr, static_cast<int>(row), 0);
        for (const Span& span : lines[row].spans()) {
            ::wattrset(::stdscr, static_cast<int>(attributes_of(span.style)));
            ::waddnstr(::stdscr, span.text.c_str(), static_cast<int>(span.text.size()));
        }
    }
    ::wattrset(::stdscr, A_NORMAL);
    ::wrefresh(::stdscr);
}

void Terminal::resize()
{
    struct winsize now = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
        ::resizeterm(now.ws_row, now.ws_col);
}

void Terminal::suspend()
{
    ::endwin();
}

void Terminal::resume()
{
    // Whoever had the screen meanwhile left it in any state.
    ::endwin();
    ::clearok(::curscr, TRUE);
    resize();
    ::wrefresh(::stdscr);
}

std::optional<KeyPress> Terminal::read_key()
{
    const int code = ::wgetch(::stdscr);
    switch (code) {
    case ERR:
        return std::nullopt;
    case KEY_UP:
    case KEY_LEFT:
        return KeyPress{.key = Key::previous, .character = 0};
    case KEY_DOWN:
    case KEY_RIGHT:
    case '\t':
        return KeyPress{.key = Key::next, .character = 0};
    case KEY_RESIZE: // curses' own note of what resize() did
        return KeyPress{};
    case '\f': // Ctrl-L
        return KeyPress{.key = Key::redraw, .character = 0};
    default:
        return KeyPress{.key = Key::character, .character = code};
    }
}

} // namespace xdpstat
