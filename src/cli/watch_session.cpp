// SPDX-License-Identifier: BSD-2-Clause
#include "cli/watch_session.hpp"

#include <algorithm>

#include "counter/interface.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

const Instance* find_at(const std::vector<Instance>& instances, const std::string& directory)
{
    const auto found = std::ranges::find(instances, directory, &Instance::directory);
    return found == instances.end() ? nullptr : &*found;
}

const char* words_of(WatchState state)
{
    return state == WatchState::gone ? "the interface is gone" : "the counter was detached";
}

} // namespace

const Instance* WatchSession::find_same(const Entry& entry, const std::vector<Instance>& instances)
{
    const auto is_same = [&](const Instance& instance) {
        return identity_of(stats_pin(instance.directory)) == entry.identity;
    };
    const auto found = std::ranges::find_if(instances, is_same);
    return found == instances.end() ? nullptr : &*found;
}

bpfxx::Result<WatchSession::Entry> WatchSession::open_entry(const Instance& instance) const
{
    Entry entry;
    entry.facts.instance = instance;
    // Before the maps are opened: a counter exchanged meanwhile is then noticed by the next look.
    entry.identity = identity_of(stats_pin(instance.directory));
    auto reader = Reader::open(instance.directory, proof_);
    if (!reader)
        return std::unexpected(std::move(reader).error());
    auto snapshot = reader->read();
    if (!snapshot)
        return std::unexpected(std::move(snapshot).error());
    entry.facts.latest = *snapshot;
    entry.reader = std::move(*reader);
    return entry;
}

bpfxx::Result<WatchSession> WatchSession::open(const PinRoot& root, const std::vector<std::string>& names,
                                               bpfxx::Proof proof)
{
    WatchSession session(root, proof, names.empty());
    std::vector<Instance> instances;
    if (names.empty()) {
        auto all = root.instances();
        if (!all)
            return std::unexpected(std::move(all).error());
        instances = std::move(*all);
    }
    for (const std::string& name : names) {
        auto instance = root.find(name);
        if (!instance)
            return std::unexpected(std::move(instance).error());
        // A name given twice is watched once.
        if (find_at(instances, instance->directory) == nullptr)
            instances.push_back(std::move(*instance));
    }
    const auto is_detached = [](const Instance& instance) { return instance.mode == mode_detached; };
    if (names.empty())
        std::erase_if(instances, is_detached);
    for (const Instance& instance : instances) {
        if (is_detached(instance))
            return std::unexpected(bpfxx::make_error(
                bpfxx::ErrorKind::not_found, "watch", printable(instance.interface),
                "its counter is detached", "attach it: xdpstat attach " + printable(instance.interface)));
        auto entry = session.open_entry(instance);
        if (!entry)
            return std::unexpected(std::move(entry).error());
        session.entries_.push_back(std::move(*entry));
    }
    if (session.entries_.empty())
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::not_found, "watch", "",
                                                 "nothing is attached below " + root.path(),
                                                 "attach an interface: xdpstat attach IFACE"));
    return session;
}

bpfxx::Result<> WatchSession::sample()
{
    for (Entry& entry : entries_) {
        if (!entry.reader)
            continue;
        auto snapshot = entry.reader->read();
        if (!snapshot)
            return std::unexpected(std::move(snapshot).error());
        entry.facts.rates = rates(entry.facts.latest, *snapshot);
        entry.facts.latest = *snapshot;
        entry.facts.history.add(entry.facts.rates);
    }
    return {};
}

void WatchSession::check(Entry& entry, const std::vector<Instance>& instances,
                         std::vector<std::string>& changes) const
{
    WatchedInterface& facts = entry.facts;
    const std::string name = printable(facts.instance.interface);
    // A counter whose interface was renamed keeps its pins, in a folder of another name.
    const Instance* same = facts.state == WatchState::counting ? find_same(entry, instances) : nullptr;
    const Instance* now = same != nullptr ? same : find_at(instances, facts.instance.directory);
    if (now == nullptr || now->mode == mode_detached) {
        if (facts.state != WatchState::counting)
            return;
        const bool gone = facts.instance.ifindex != 0 && interface_name(facts.instance.ifindex).empty();
        facts.state = gone ? WatchState::gone : WatchState::detached;
        facts.rates = {};
        entry.reader.reset();
        changes.push_back(name + ": " + words_of(facts.state));
        return;
    }
    if (same != nullptr) {
        if (same->interface != facts.instance.interface)
            changes.push_back(name + ": renamed to " + printable(same->interface));
        facts.instance = *same;
        return;
    }
    // An attach still under way is no error: the next look finds it done.
    auto anew = open_entry(*now);
    if (!anew)
        return;
    if (anew->facts.latest.counter_id != 0 && anew->facts.latest.counter_id == facts.latest.counter_id) {
        // An upgrade gave it other maps: the counts go on, and so do the rates.
        entry.reader = std::move(anew->reader);
        entry.identity = anew->identity;
        facts.instance = *now;
        facts.state = WatchState::counting;
        changes.push_back(name + ": upgraded, its counts go on");
        return;
    }
    anew->facts.new_instance = true;
    anew->facts.history = facts.history;
    entry = std::move(*anew);
    changes.push_back(name + ": a new counter, attached " + human_time(now->since));
}

void WatchSession::add_new(const std::vector<Instance>& instances, std::vector<std::string>& changes)
{
    for (const Instance& instance : instances) {
        const auto is_known = [&](const Entry& entry) {
            return entry.facts.instance.directory == instance.directory;
        };
        if (instance.mode == mode_detached || std::ranges::any_of(entries_, is_known))
            continue;
        if (auto entry = open_entry(instance)) {
            entries_.push_back(std::move(*entry));
            changes.push_back(printable(instance.interface) + ": attached");
        }
    }
}

bpfxx::Result<std::vector<std::string>> WatchSession::look_again()
{
    const auto instances = root_.instances();
    if (!instances)
        return std::unexpected(instances.error());
    std::vector<std::string> changes;
    for (Entry& entry : entries_)
        check(entry, *instances, changes);
    if (follow_all_)
        add_new(*instances, changes);
    return changes;
}

bool WatchSession::any_counting() const
{
    return std::ranges::any_of(entries_, [](const Entry& entry) { return entry.reader.has_value(); });
}

bpfxx::Error WatchSession::nothing_left() const
{
    const WatchedInterface& first = entries_.front().facts;
    const std::string name = printable(first.instance.interface);
    if (entries_.size() == 1)
        return bpfxx::make_error(bpfxx::ErrorKind::not_found, "go on watching", name, words_of(first.state),
                                 first.state == WatchState::gone
                                     ? "attach again when it is back: xdpstat attach " + name
                                     : "attach again: xdpstat attach " + name);
    std::string names;
    for (const Entry& entry : entries_)
        names += (names.empty() ? "" : ", ") + printable(entry.facts.instance.interface);
    return bpfxx::make_error(bpfxx::ErrorKind::not_found, "go on watching", names, "all are gone or detached",
                             "see what is attached: xdpstat status");
}

std::vector<WatchedInterface> WatchSession::interfaces() const
{
    std::vector<WatchedInterface> all;
    all.reserve(entries_.size());
    for (const Entry& entry : entries_)
        all.push_back(entry.facts);
    return all;
}

} // namespace xdpstat
