# SPDX-License-Identifier: BSD-2-Clause
# The headers of bpfxx that are installed and documented.
file(GLOB BPFXX_PUBLIC_HEADERS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/bpfxx/*.hpp)
foreach(header IN LISTS BPFXX_PUBLIC_HEADERS)
    # A header that hides what it declares is the library's own.
    file(STRINGS ${header} hides REGEX "^#pragma GCC visibility push\\(hidden\\)")
    if(hides)
        list(REMOVE_ITEM BPFXX_PUBLIC_HEADERS ${header})
    endif()
endforeach()
