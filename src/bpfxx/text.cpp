// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/text.hpp"

#include <string>

namespace bpfxx {

std::string operator+(Text a, Text b)
{
    std::string both;
    both.reserve(a.size() + b.size());
    both.append(a.data(), a.size());
    both.append(b.data(), b.size());
    return both;
}

} // namespace bpfxx
