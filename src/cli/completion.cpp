// SPDX-License-Identifier: BSD-2-Clause
//
// The scripts know nothing by themselves: commands, options, their values and help come from the parser, so that
// they can never disagree with it. Interface names are looked up when completing.
#include "cli/completion.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/Option.hpp>

namespace xdpstat {

namespace {

constexpr const char* list_interfaces = "ls /sys/class/net";

constexpr const char* examples = R"(Examples:
  xdpstat completion bash | sudo tee /etc/bash_completion.d/xdpstat
  xdpstat completion zsh > ~/.zfunc/_xdpstat
  xdpstat completion fish > ~/.config/fish/completions/xdpstat.fish)";

std::vector<std::string> split(const std::string& text, char separator)
{
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

/// The values that an option takes, where they are few: "auto|native|generic".
std::vector<std::string> choices(const CLI::Option& option)
{
    const std::string type = option.get_type_name();
    return type.find('|') == std::string::npos ? std::vector<std::string>{} : split(type, '|');
}

std::string join(const std::vector<std::string>& parts, const std::string& separator)
{
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : separator) + part;
    return text;
}

std::vector<std::string> option_names(const CLI::Option& option)
{
    std::vector<std::string> names;
    for (const std::string& name : option.get_snames())
        names.push_back("-" + name);
    for (const std::string& name : option.get_lnames())
        names.push_back("--" + name);
    return names;
}

bool takes_value(const CLI::Option& option)
{
    return option.get_type_size() != 0;
}

std::vector<const CLI::Option*> named_options(const CLI::App& app)
{
    return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

/// Whether a command has operands of this name.
bool takes(const CLI::App& app, const std::string& operand)
{
    return !app.get_options([&](const CLI::Option* option) { return option->get_name(true) == operand; })
                .empty();
}

bool takes_interfaces(const CLI::App& app)
{
    return takes(app, "IFACE");
}

bool takes_files(const CLI::App& app)
{
    return takes(app, "FILE");
}

std::vector<const CLI::App*> commands(const CLI::App& program)
{
    return program.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

/// The words that a command of several parts, such as map, takes behind its name.
std::vector<std::string> nested_names(const CLI::App& command)
{
    std::vector<std::string> names;
    for (const CLI::App* nested : commands(command))
        names.push_back(nested->get_name());
    return names;
}

/// Options of a command and of its parts, and those that go with every command.
std::vector<const CLI::Option*> all_options(const CLI::App& program, const CLI::App& command)
{
    auto options = named_options(command);
    for (const CLI::App* nested : commands(command))
        for (const CLI::Option* option : named_options(*nested))
            if (std::ranges::none_of(options, [&](const CLI::Option* known) {
                    return option_names(*known) == option_names(*option);
                }))
                options.push_back(option);
    for (const CLI::Option* option : named_options(program))
        if (option != program.get_help_ptr() && option != program.get_version_ptr())
            options.push_back(option);
    return options;
}

/// For use between single quotes.
std::string quoted(const std::string& text)
{
    std::string result;
    for (const char c : text)
        result += c == '\'' ? "'\\''" : std::string(1, c);
    return result;
}

std::string bash_words(const std::vector<const CLI::Option*>& options)
{
    std::vector<std::string> words;
    for (const CLI::Option* option : options)
        for (const std::string& name : option_names(*option))
            words.push_back(name);
    return join(words, " ");
}

std::string bash_script(const CLI::App& program)
{
    std::vector<std::string> names;
    std::string values;
    std::string cases;
    for (const CLI::App* command : commands(program)) {
        names.push_back(command->get_name());
        const auto options = all_options(program, *command);
        for (const CLI::Option* option : options)
            if (const auto words = choices(*option); !words.empty() && option->nonpositional())
                values += "    " + command->get_name() + ":" +
                          join(option_names(*option), "|" + command->get_name() + ":") + ") words='" +
                          join(words, " ") + "' ;;\n";
        std::string operands;
        if (takes_interfaces(*command))
            operands = std::string("$(") + list_interfaces + ")";
        for (const CLI::Option* option : command->get_options())
            if (!option->nonpositional())
                for (const std::string& word : choices(*option))
                    operands += (operands.empty() ? "" : " ") + word;
        const auto nested = nested_names(*command);
        operands += join(nested, " ");
        cases += "    " + command->get_name() + ") options='" + bash_words(options) + "' operands=\"" +
                 operands + "\"" + (nested.empty() && !takes_files(*command) ? "" : " files=yes") + " ;;\n";
    }
    return "# bash completion for xdpstat\n"
           "_xdpstat()\n{\n"
           "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local command='' words='' options='' operands='' files='' i\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    case ${COMP_WORDS[i]} in " +
           join(names, "|") +
           ") command=${COMP_WORDS[i]}; break ;; esac\n"
           "  done\n"
           "  case $command:$previous in\n"
           "    *:--pin-root) mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return ;;\n" +
           values +
           "  esac\n"
           "  case $command in\n"
           "    '') options='" +
           bash_words(named_options(program)) + "' operands='" + join(names, " ") + "' ;;\n" + cases +
           "  esac\n"
           "  if [[ -z $words ]]; then\n"
           "    words=$operands\n"
           "    [[ $current == -* ]] && words=$options\n"
           "  else\n"
           "    files=''\n"
           "  fi\n"
           "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "  [[ $files && $current != -* ]] &&\n"
           "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\")\n"
           "}\n"
           "complete -F _xdpstat xdpstat\n";
}

std::string zsh_option(const CLI::Option& option)
{
    // In a specification '[' and ']' enclose the help and ':' separates.
    std::string help;
    for (const char c : option.get_description())
        help += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
    std::string value;
    if (takes_value(option)) {
        const auto words = choices(option);
        value = words.empty() ? ":value:" : ":value:(" + join(words, " ") + ")";
        if (option.check_lname("pin-root"))
            value = ":folder:_files -/";
    }
    std::string text;
    for (const std::string& name : option_names(option))
        text += " '" + quoted(name + "[" + help + "]" + value) + "'";
    return text;
}

std::string zsh_script(const CLI::App& program)
{
    std::string names;
    std::string cases;
    for (const CLI::App* command : commands(program)) {
        names += " '" + quoted(command->get_name() + ":" + command->get_description()) + "'";
        std::string arguments;
        for (const CLI::Option* option : all_options(program, *command))
            arguments += zsh_option(*option);
        if (takes_interfaces(*command))
            arguments += std::string(" '*:interface:($(") + list_interfaces + "))'";
        if (takes_files(*command))
            arguments += " '*:file:_files'";
        for (const CLI::Option* option : command->get_options())
            if (!option->nonpositional() && !choices(*option).empty())
                arguments += " ':value:(" + join(choices(*option), " ") + ")'";
        if (const auto nested = nested_names(*command); !nested.empty())
            arguments += " ':command:(" + join(nested, " ") + ")' '*:pin:_files'";
        cases += "      " + command->get_name() + ") _arguments" + arguments + " ;;\n";
    }
    std::string options;
    for (const CLI::Option* option : named_options(program))
        options += zsh_option(*option);
    return "#compdef xdpstat\n"
           "_xdpstat() {\n"
           "  local line state\n"
           "  _arguments -C" +
           options +
           " '1:command:->command' '*::argument:->argument'\n"
           "  case $state in\n"
           "    command) local -a commands=(" +
           names +
           "); _describe command commands ;;\n"
           "    argument) case $line[1] in\n" +
           cases +
           "    esac ;;\n"
           "  esac\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _xdpstat ]; then _xdpstat \"$@\"; else compdef _xdpstat xdpstat; fi\n";
}

std::string fish_option(const std::string& condition, const CLI::Option& option)
{
    std::string text = "complete -c xdpstat -n '" + quoted(condition) + "'";
    for (const std::string& name : option.get_snames())
        text += " -s " + name;
    for (const std::string& name : option.get_lnames())
        text += " -l " + name;
    if (takes_value(option)) {
        const auto words = choices(option);
        text += words.empty() ? " -r" : " -xa '" + join(words, " ") + "'";
    }
    return text + " -d '" + quoted(option.get_description()) + "'\n";
}

std::string fish_script(const CLI::App& program)
{
    std::string script = "# fish completion for xdpstat\ncomplete -c xdpstat -f\n";
    std::vector<std::string> names;
    for (const CLI::App* command : commands(program))
        names.push_back(command->get_name());
    // __fish_use_subcommand would take the value of an option for a command.
    const std::string no_command = "not __fish_seen_subcommand_from " + join(names, " ");
    for (const CLI::Option* option : named_options(program))
        script += fish_option(no_command, *option);
    for (const CLI::App* command : commands(program)) {
        // A word of this name may also be a part of another command.
        std::string condition = "__fish_seen_subcommand_from " + command->get_name();
        for (const CLI::App* other : commands(program))
            if (const auto nested = nested_names(*other);
                std::ranges::find(nested, command->get_name()) != nested.end())
                condition += "; and not __fish_seen_subcommand_from " + other->get_name();
        script += "complete -c xdpstat -n '" + no_command + "' -a " + command->get_name() + " -d '" +
                  quoted(command->get_description()) + "'\n";
        if (takes_interfaces(*command))
            script += "complete -c xdpstat -n '" + condition + "' -a '(" + list_interfaces + ")'\n";
        if (takes_files(*command))
            script += "complete -c xdpstat -F -n '" + condition + "'\n";
        if (const auto nested = nested_names(*command); !nested.empty()) {
            const std::string words = join(nested, " ");
            script += "complete -c xdpstat -n '" + condition + "; and not __fish_seen_subcommand_from " +
                      words + "' -a '" + words + "'\n";
            script += "complete -c xdpstat -F -n '" + condition + "; and __fish_seen_subcommand_from " +
                      words + "'\n";
        }
        for (const CLI::Option* option : command->get_options())
            if (!option->nonpositional() && !choices(*option).empty())
                script +=
                    "complete -c xdpstat -n '" + condition + "' -a '" + join(choices(*option), " ") + "'\n";
        for (const CLI::Option* option : all_options(program, *command))
            script += fish_option(condition, *option);
    }
    return script;
}

} // namespace

void add_completion(CLI::App& program)
{
    auto shell = std::make_shared<std::string>();
    CLI::App* command = program.add_subcommand("completion", "Print a completion script for a shell");
    command->add_option("SHELL", *shell, "The shell to write for")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""))
        ->type_name("bash|zsh|fish");
    command->footer(examples);
    command->callback([shell, &program] {
        const std::string script = *shell == "bash"  ? bash_script(program)
                                   : *shell == "zsh" ? zsh_script(program)
                                                     : fish_script(program);
        std::fputs(script.c_str(), stdout);
    });
}

} // namespace xdpstat
