# SPDX-License-Identifier: BSD-2-Clause
# The commit that --version names; 'unknown' outside a git checkout.
execute_process(
    COMMAND git -c safe.directory=${PROJECT_SOURCE_DIR} -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE XDPSTAT_COMMIT
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET
    RESULT_VARIABLE git_result)
if(NOT git_result EQUAL 0 OR XDPSTAT_COMMIT STREQUAL "")
    set(XDPSTAT_COMMIT "unknown")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/version.hpp.in ${PROJECT_BINARY_DIR}/generated/version.hpp)

# The versions of bpfxx that can replace each other: before 1.0 those of one minor version, then those of one major one.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(BPFXX_INTERFACE_VERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    set(BPFXX_COMPATIBILITY SameMinorVersion)
else()
    set(BPFXX_INTERFACE_VERSION ${PROJECT_VERSION_MAJOR})
    set(BPFXX_COMPATIBILITY SameMajorVersion)
endif()
