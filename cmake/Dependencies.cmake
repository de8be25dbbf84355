# SPDX-License-Identifier: BSD-2-Clause
# Libraries from the system; the package lists in packages/ install them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
# Headers alone: Asio and Beast.
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(LIBCRYPT REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(LIBSECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(YAMLCPP REQUIRED IMPORTED_TARGET yaml-cpp)

set(LIBBPF_FLOOR 1.1)
pkg_check_modules(LIBBPF REQUIRED IMPORTED_TARGET libbpf>=${LIBBPF_FLOOR})
find_package(fmt REQUIRED)

# Curses lives under different names; pkg-config knows its private libraries for a static link.
pkg_check_modules(NCURSESW REQUIRED IMPORTED_TARGET ncursesw)

# A pkg-config library as linked here: with its private dependencies where everything is static.
function(xdpstat_link target visibility prefix)
    if(XDPSTAT_STATIC)
        target_include_directories(${target} SYSTEM ${visibility} ${${prefix}_STATIC_INCLUDE_DIRS})
        target_link_directories(${target} ${visibility} ${${prefix}_STATIC_LIBRARY_DIRS})
        target_link_libraries(${target} ${visibility} ${${prefix}_STATIC_LIBRARIES})
    else()
        target_link_libraries(${target} ${visibility} PkgConfig::${prefix})
    endif()
endfunction()

# libxdp, where it is there: its archive, and not its shared library, for it is for one option of one command, and the archive
# has the dispatcher in it.
pkg_check_modules(LIBXDP libxdp>=1.3)
if(LIBXDP_FOUND)
    find_library(LIBXDP_ARCHIVE NAMES libxdp.a HINTS ${LIBXDP_LIBRARY_DIRS})
endif()
if(LIBXDP_ARCHIVE)
    add_library(libxdp STATIC IMPORTED GLOBAL)
    set_target_properties(libxdp PROPERTIES
        IMPORTED_LOCATION ${LIBXDP_ARCHIVE}
        INTERFACE_INCLUDE_DIRECTORIES "${LIBXDP_INCLUDE_DIRS}")
    xdpstat_link(libxdp INTERFACE LIBBPF)
else()
    message(STATUS "No libxdp.a: xdpstat attach --dispatcher will say so")
endif()
