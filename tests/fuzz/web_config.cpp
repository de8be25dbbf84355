// SPDX-License-Identifier: BSD-2-Clause
// The file of --web.config.file.
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "bpfxx/fd.hpp"
#include "exporter/password.hpp"
#include "exporter/web_config.hpp"
#include "fuzz.hpp"

namespace xdpstat::fuzz {

void run(Input input)
{
    const bpfxx::Fd file(::memfd_create("web.yml", MFD_CLOEXEC));
    check(file && ::write(file.get(), input.data(), input.size()) == static_cast<ssize_t>(input.size()),
          "a file in memory can be written");
    const auto config = read_web_config("/proc/self/fd/" + std::to_string(file.get()));
    if (!config) {
        check(!config.error().message().empty(), "an error says something");
        return;
    }
    for (const auto& [name, hash] : config->users)
        check(is_bcrypt(hash) && bcrypt_cost(hash) <= most_bcrypt_cost,
              "no password without a hash, and none that takes minutes");
    if (config->tls)
        check(config->tls->min_version <= config->tls->max_version, "some version of TLS is allowed");
}

} // namespace xdpstat::fuzz
