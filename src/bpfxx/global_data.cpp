// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/global_data.hpp"

#include <cerrno>
#include <span>
#include <string_view>

#include <bpf/btf.h>

#include "bpfxx/layout_report.hpp"
#include "bpfxx/log.hpp"

namespace bpfxx {

namespace {

Error not_readable(const Map& map, const char* cause)
{
    return make_error(ErrorKind::incompatible, "read the global variables of", map.label(), cause);
}

struct BtfDeleter {
    void operator()(struct btf* types) const noexcept { btf__free(types); }
};

} // namespace

struct GlobalData::State {
    MapInfo info;
    std::string label;
    std::unique_ptr<struct btf, BtfDeleter> types;
    std::span<const struct btf_var_secinfo> places;

    /// Empty where the BTF is damaged.
    [[nodiscard]] std::string_view name(const struct btf_var_secinfo& place) const
    {
        const struct btf_type* variable = btf__type_by_id(types.get(), place.type);
        const char* name = variable == nullptr || !btf_is_var(variable)
                               ? nullptr
                               : btf__name_by_offset(types.get(), variable->name_off);
        return name == nullptr ? "" : name;
    }
};

GlobalData::GlobalData(std::unique_ptr<State> state, std::shared_ptr<const Mapping> mapping) noexcept
    : state_(std::move(state)), mapping_(std::move(mapping))
{
}
GlobalData::GlobalData(GlobalData&&) noexcept = default;
GlobalData& GlobalData::operator=(GlobalData&&) noexcept = default;
GlobalData::~GlobalData() = default;

Result<GlobalData> GlobalData::open(Map map)
{
    auto mapping = map.map_read_only();
    if (!mapping)
        return std::unexpected(std::move(mapping).error());
    auto state = std::make_unique<State>();
    state->info = map.info();
    state->label = map.label();
    if (map.info().btf_id == 0)
        return std::unexpected(not_readable(map, "it has no BTF"));
    const LogCapture quiet;
    state->types.reset(btf__load_from_kernel_by_id(map.info().btf_id));
    if (!state->types) {
        const int error = errno;
        return std::unexpected(system_error("read the BTF of", map.label(), error,
                                            error == EPERM ? "reading BTF needs CAP_SYS_ADMIN" : ""));
    }
    const struct btf_type* section = btf__type_by_id(state->types.get(), map.info().value_type_id);
    if (section == nullptr || !btf_is_datasec(section))
        return std::unexpected(not_readable(map, "its BTF describes no section of variables"));
    state->places = {btf_var_secinfos(section), btf_vlen(section)};
    return GlobalData(std::move(state), std::make_shared<const Mapping>(std::move(*mapping)));
}

std::vector<std::string> GlobalData::names() const
{
    std::vector<std::string> names;
    for (const struct btf_var_secinfo& place : state_->places)
        names.emplace_back(state_->name(place));
    return names;
}

const MapInfo& GlobalData::info() const noexcept
{
    return state_->info;
}

Result<GlobalData::Found> GlobalData::find(const std::string& name, const Shape& wanted) const
{
    const struct btf_var_secinfo* found = nullptr;
    std::string known;
    for (const struct btf_var_secinfo& place : state_->places) {
        known += (known.empty() ? "" : ", ") + std::string(state_->name(place));
        if (state_->name(place) == name)
            found = &place;
    }
    const std::string object = "'" + name + "' of " + state_->label;
    if (found == nullptr)
        return std::unexpected(make_error(ErrorKind::not_found, "read variable", object, "there is none",
                                          "there are: " + known));
    const struct btf_type* variable = btf__type_by_id(state_->types.get(), found->type);
    LayoutReport report = compare_layout(wanted, state_->types.get(), variable->type);
    if (report.outcome == Outcome::incompatible) {
        Error error = make_error(ErrorKind::incompatible, "read variable", object,
                                 "it (" + report.found + ") does not fit the C++ type " + report.wanted,
                                 "the differences are listed below");
        error.set_detail(report.table());
        return std::unexpected(std::move(error));
    }
    for (const Copy& copy : report.projection)
        if (std::uint64_t{found->offset} + copy.from + copy.source_size() > state_->info.value_size)
            return std::unexpected(make_error(ErrorKind::incompatible, "read variable", object,
                                              "its BTF describes more than the section holds"));
    return Found{.offset = found->offset, .layout = Layout(std::move(report))};
}

} // namespace bpfxx
