// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/value.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "bpfxx/log.hpp"
#include "bpfxx/value_decoding.hpp"

namespace bpfxx {

namespace {

struct BtfDeleter {
    void operator()(struct btf* types) const noexcept { btf__free(types); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

/// The type of keys and values that need no BTF.
struct Plain {
    const char* key = "";
    const char* value = "";
};

Plain plain_types(const MapInfo& info)
{
    Plain plain;
    switch (info.type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
        plain.key = "index";
        break;
    case BPF_MAP_TYPE_PROG_ARRAY:
        plain = {"index", "program id"};
        break;
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
        plain = {"index", "map id"};
        break;
    case BPF_MAP_TYPE_HASH_OF_MAPS:
        plain.value = "map id";
        break;
    default:
        break;
    }
    return plain;
}

} // namespace

struct TypeDecoder::State {
    struct Side {
        std::uint32_t type_id = 0; ///< 0: no BTF tells
        std::string type;
        bool is_number = false; ///< of 4 bytes, whatever BTF says
    };

    BtfPointer types;
    Side keys;
    Side values;
    std::string label;

    [[nodiscard]] Side side(std::uint32_t type_id, const char* plain) const
    {
        if (types && type_id != 0)
            return {
                .type_id = type_id, .type = detail::c_type_name(types.get(), type_id), .is_number = false};
        return {.type_id = 0, .type = plain, .is_number = *plain != '\0'};
    }

    [[nodiscard]] Result<Value> decode(const Side& side, Bytes bytes) const
    {
        if (side.type_id != 0) {
            auto value = detail::decode_bytes(types.get(), side.type_id, bytes);
            if (!value)
                value.error().set_object(std::string(value.error().object()) + label);
            return value;
        }
        Value value;
        value.type = side.type;
        if (std::uint32_t number = 0; side.is_number && bytes.size() == sizeof number) {
            std::memcpy(&number, bytes.data(), sizeof number);
            value.kind = ValueKind::integer;
            value.size = sizeof number;
            value.number = number;
        } else {
            value.kind = ValueKind::untyped;
            value.bytes.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        return value;
    }
};

TypeDecoder::TypeDecoder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TypeDecoder::TypeDecoder(TypeDecoder&&) noexcept = default;
TypeDecoder& TypeDecoder::operator=(TypeDecoder&&) noexcept = default;
TypeDecoder::~TypeDecoder() = default;

Result<TypeDecoder> TypeDecoder::of(const Map& map, Proof proof)
{
    const LogCapture quiet; // what libbpf would print to stderr
    auto state = std::make_unique<State>();
    const MapInfo& info = map.info();
    if (info.btf_id != 0) {
        state->types.reset(btf__load_from_kernel_by_id(info.btf_id));
        const int error = errno;
        if (!state->types && (proof != Proof::size || error != EPERM))
            return std::unexpected(system_error("read the BTF of", map.label(), error,
                                                error == EPERM ? "reading BTF needs CAP_SYS_ADMIN" : ""));
    }
    const Plain plain = plain_types(info);
    state->label = " of " + map.label();
    state->keys = state->side(info.key_type_id, plain.key);
    state->values = state->side(info.value_type_id, plain.value);
    return TypeDecoder(std::move(state));
}

Result<TypeDecoder> TypeDecoder::from_btf(std::span<const std::byte> raw, std::uint32_t key_type_id,
                                          std::uint32_t value_type_id)
{
    const LogCapture quiet;
    auto state = std::make_unique<State>();
    state->types.reset(btf__new(raw.data(), static_cast<__u32>(raw.size())));
    if (!state->types)
        return std::unexpected(make_error(ErrorKind::invalid, "read", "BTF", std::strerror(errno)));
    state->keys = state->side(key_type_id, "");
    state->values = state->side(value_type_id, "");
    return TypeDecoder(std::move(state));
}

Result<Value> TypeDecoder::key(Bytes bytes) const
{
    return state_->decode(state_->keys, bytes);
}

Result<Value> TypeDecoder::value(Bytes bytes) const
{
    return state_->decode(state_->values, bytes);
}

Result<std::vector<std::byte>> TypeDecoder::encode_key(const Value& key, std::size_t size) const
{
    const State::Side& side = state_->keys;
    const bool is_bytes = key.kind == ValueKind::octets || key.kind == ValueKind::untyped;
    if (is_bytes && key.bytes.size() == size) {
        const auto* begin = reinterpret_cast<const std::byte*>(key.bytes.data());
        return std::vector<std::byte>(begin, begin + size);
    }
    if (side.type_id != 0) {
        auto bytes = detail::encode_bytes(state_->types.get(), side.type_id, key, size);
        if (!bytes)
            bytes.error().set_object(std::string(bytes.error().object()) + state_->label);
        return bytes;
    }
    const auto number = static_cast<std::uint32_t>(key.number);
    if (side.is_number && key.kind == ValueKind::integer && size == sizeof number && number == key.number) {
        std::vector<std::byte> bytes(size);
        std::memcpy(bytes.data(), &number, size);
        return bytes;
    }
    return std::unexpected(
        make_error(ErrorKind::invalid, "encode", "a key" + state_->label,
                   side.is_number ? "it takes a number of 32 bits"
                                  : "no BTF tells its type: it takes " + std::to_string(size) + " bytes"));
}

const std::string& TypeDecoder::key_type() const noexcept
{
    return state_->keys.type;
}

const std::string& TypeDecoder::value_type() const noexcept
{
    return state_->values.type;
}

} // namespace bpfxx
