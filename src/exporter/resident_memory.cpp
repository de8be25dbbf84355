// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/resident_memory.hpp"

#include <bit>
#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xdpstat {

namespace {

constexpr int kept_by_the_heap = 256 << 10; // bytes free at its end: some answers of a dozen interfaces
constexpr int largest_in_the_heap =
    1024 << 10; // bytes: what is larger is mapped by itself, and unmapped when freed

/// Of one program or library: the segments that nobody can have written to. A page of them is the file's, whoever maps it;
/// those that the loader has relocated are in segments that are writable by their header, and stay.
int give_back_segments(dl_phdr_info* object, std::size_t /*size*/, void* /*unused*/)
{
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0)
            continue;
        const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        const std::uintptr_t end =
            (object->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
        // Refused for what is no file's, such as the kernel's vDSO: that costs nothing.
        (void)::madvise(std::bit_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

} // namespace

void give_back_memory() noexcept
{
    ::malloc_trim(0);
    // By default the heap shrinks after many an answer and grows again for the next, at a fault for each page.
    ::mallopt(M_TRIM_THRESHOLD, kept_by_the_heap);
    ::mallopt(M_MMAP_THRESHOLD, largest_in_the_heap);
    ::dl_iterate_phdr(give_back_segments, nullptr);
}

} // namespace xdpstat
