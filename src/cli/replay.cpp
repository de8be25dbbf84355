// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/choice.hpp"
#include "cli/context.hpp"
#include "cli/terminal.hpp"
#include "counter/capture.hpp"
#include "counter/replay.hpp"
#include "view/replay.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat replay trace.pcap                   by the program itself, in the kernel
  xdpstat replay monday.pcapng tuesday.pcapng      without rights: by its parser in user space
  xdpstat replay --per-packet trace.pcap | awk '$4 == "truncated"'
  sudo tcpdump -i eth0 -c 1000 -w - | xdpstat replay --json - | jq '.captures[0].stats'

Frames that were cut when captured count by their length on the wire; what is left of them is parsed.)";

enum class EngineChoice {
    automatic,
    kernel,
    user,
};

const Choices<EngineChoice> engines{
    {"auto", EngineChoice::automatic}, {"kernel", EngineChoice::kernel}, {"user", EngineChoice::user}};

struct Arguments {
    std::vector<std::string> files;
    EngineChoice engine = EngineChoice::automatic;
    bool per_packet = false;
    bool json = false;
};

struct Chosen {
    Replay replay;
    ReplayBy by;
};

bpfxx::Result<Chosen> choose(EngineChoice engine)
{
    if (engine == EngineChoice::user)
        return Chosen{Replay::in_user_space(), {.engine = ReplayEngine::user, .reason = {}}};
    auto in_kernel = Replay::in_kernel();
    if (in_kernel)
        return Chosen{std::move(*in_kernel), {.engine = ReplayEngine::kernel, .reason = {}}};
    if (engine == EngineChoice::kernel)
        return std::unexpected(std::move(in_kernel).error());
    return Chosen{Replay::in_user_space(),
                  {.engine = ReplayEngine::user, .reason = in_kernel.error().cause()}};
}

void print_frame(const Arguments& arguments, const std::string& file, ReplayEngine engine,
                 const ReplayedFrame& frame)
{
    const std::string line =
        arguments.json ? replay_frame_json(file, engine, frame) : replay_frame_line(frame);
    std::fputs(line.c_str(), stdout);
}

/// Counts all frames of a capture, up to where it breaks off.
bpfxx::Result<> replay_frames(CaptureReader& reader, Replay& replay, const Arguments& arguments)
{
    for (std::uint64_t number = 1;; number++) {
        const auto read = reader.next();
        if (!read)
            return std::unexpected(read.error());
        const std::optional<CapturedFrame>& frame = *read;
        if (!frame)
            return {};
        const auto place = replay.count(*frame);
        if (!place)
            return std::unexpected(place.error());
        if (arguments.per_packet)
            print_frame(arguments, reader.name(), replay.engine(),
                        {.number = number,
                         .length = frame->length,
                         .captured = static_cast<std::uint32_t>(frame->bytes.size()),
                         .place = *place});
        // Who reads the lines has gone away, or there is no room: main() tells.
        if (std::ferror(stdout) != 0)
            return {};
    }
}

void replay_all(const Arguments& arguments, Context& context)
{
    auto chosen = choose(arguments.engine);
    if (!chosen)
        return fail(context, chosen.error());
    auto& [replay, by] = *chosen;
    std::vector<ReplayedCapture> captures;
    for (const std::string& file : arguments.files) {
        auto reader = CaptureReader::open(file);
        if (!reader) {
            fail(context, reader.error());
            continue;
        }
        if (arguments.per_packet && !arguments.json)
            std::fputs(replay_frame_header(reader->name(), by).c_str(), stdout);
        const auto result = replay_frames(*reader, replay, arguments);
        if (!result) {
            std::fflush(stdout); // before the error, which speaks of what came before
            fail(context, result.error());
        }
        captures.push_back({.file = reader->name(),
                            .format = to_string(reader->format()),
                            .counts = replay.take(),
                            .problem = result ? std::string() : std::string(result.error().cause())});
    }
    if (captures.empty() || arguments.per_packet)
        return;
    const std::string text =
        arguments.json ? replay_json(captures, by) : replay_text(captures, by, text_options());
    std::fputs(text.c_str(), stdout);
}

} // namespace

void add_replay(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = program.add_subcommand(
        "replay", "Count the frames of captures, by the program itself where it may be loaded");
    command->add_option("FILE", arguments->files, "Captures of Ethernet, pcap or pcapng; - is standard input")
        ->required();
    add_choice(*command, "--engine", arguments->engine, engines,
               "kernel: the BPF program; user: its parser in user space; auto: the kernel where it may");
    command->add_flag("--per-packet", arguments->per_packet, "A line for each frame, and no sums");
    command->add_flag("--json", arguments->json, "As JSON, by a versioned schema");
    command->footer(examples);
    command->callback([arguments, &context] {
        if (std::ranges::count(arguments->files, standard_input) > 1)
            throw CLI::ValidationError("FILE", "standard input can be read only once");
        replay_all(*arguments, context);
    });
}

} // namespace xdpstat
