// SPDX-License-Identifier: BSD-2-Clause
//
// Sums, rates and order of values that no map has held.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "bpfxx/value.hpp"

namespace {

using bpfxx::Value;
using bpfxx::ValueKind;
using bpfxx::Wide;

std::string number_of(const Value& value)
{
    return bpfxx::decimal(value.number, value.is_signed);
}

Value quantity(std::uint64_t number)
{
    Value value;
    value.kind = ValueKind::integer;
    value.number = number;
    return value;
}

Value text(const char* characters)
{
    Value value;
    value.kind = ValueKind::text;
    value.bytes = characters;
    return value;
}

Value pair(Value first, Value second)
{
    Value value;
    value.kind = ValueKind::structure;
    first.name = "first";
    second.name = "second";
    value.parts = {std::move(first), std::move(second)};
    return value;
}

TEST(ValueMath, SumsOverCpusAddQuantitiesAlone)
{
    const std::uint64_t most = ~std::uint64_t{0};
    const Value sum =
        bpfxx::sum_over_cpus(std::array{pair(quantity(most), text("same")), pair(quantity(2), text("same"))});
    EXPECT_EQ(number_of(sum.parts[0]), "18446744073709551617");
    EXPECT_EQ(sum.parts[1].bytes, "same");
    const Value differing =
        bpfxx::sum_over_cpus(std::array{pair(quantity(1), text("one")), pair(quantity(2), text("other"))});
    EXPECT_EQ(differing.parts[1].kind, ValueKind::none);
    Value address = quantity(7);
    address.network_order = true;
    EXPECT_EQ(bpfxx::sum_over_cpus(std::array{address, address}).number, Wide{7});
    EXPECT_EQ(bpfxx::sum_over_cpus({}).kind, ValueKind::none);
}

TEST(ValueMath, RatesAreOfQuantities)
{
    const Value before = pair(quantity(10), text("x"));
    const Value now = pair(quantity(4), text("x"));
    const Value rate = bpfxx::per_second(before, now, 2);
    EXPECT_EQ(rate.parts[0].real, -3);
    EXPECT_EQ(rate.parts[0].name, "first");
    EXPECT_EQ(rate.parts[1].kind, ValueKind::none);
    EXPECT_EQ(bpfxx::per_second(text("x"), now, 1).kind, ValueKind::none);
}

TEST(ValueMath, OrderIsBySizeSignAndBytes)
{
    Value negative = quantity(0);
    negative.is_signed = true;
    Value zero = negative;
    negative.number = ~Wide{0};
    EXPECT_LT(bpfxx::compare(negative, zero), 0);
    EXPECT_GT(bpfxx::compare(quantity(~std::uint64_t{0}), quantity(1)), 0);
    EXPECT_EQ(bpfxx::compare(text("a"), text("a")), 0);
    EXPECT_LT(bpfxx::compare(text("a"), text("b")), 0);
    EXPECT_LT(bpfxx::compare(Value{}, zero), 0);
    EXPECT_LT(bpfxx::compare(pair(quantity(1), quantity(1)), pair(quantity(1), quantity(2))), 0);
}

} // namespace
