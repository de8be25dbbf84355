# SPDX-License-Identifier: BSD-2-Clause
# The .deb and .rpm packages that `make package` builds: the program, the library, and what programs on it are built with.
# A .rpm belongs on the distribution that it is built on: folders and the C library's version are of that one.
set(XDPSTAT_PACKAGER "The xdpstat authors" CACHE STRING "Who answers for the packages: 'Name <address>'")

set(CPACK_GENERATOR "")
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(DPKG_SHLIBDEPS)
    list(APPEND CPACK_GENERATOR DEB)
endif()
find_program(RPMBUILD rpmbuild)
if(RPMBUILD)
    list(APPEND CPACK_GENERATOR RPM)
endif()

set(CPACK_PACKAGE_CONTACT ${XDPSTAT_PACKAGER})
set(CPACK_PACKAGE_VENDOR ${XDPSTAT_PACKAGER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageDocumentation.cmake)
set(CPACK_XDPSTAT_LICENSE ${PROJECT_SOURCE_DIR}/LICENSES/BSD-2-Clause.txt)
set(CPACK_XDPSTAT_CHANGELOG ${PROJECT_SOURCE_DIR}/CHANGELOG.md)

# xdpstat_package(COMPONENT DEB name RPM name SECTION section SUMMARY line TEXT text [DEB_DEPENDS list] [RPM_REQUIRES list])
set(CPACK_COMPONENTS_ALL "")
macro(xdpstat_package component)
    cmake_parse_arguments(arg "" "DEB;RPM;SECTION;SUMMARY;TEXT;DEB_DEPENDS;RPM_REQUIRES" "" ${ARGN})
    list(APPEND CPACK_COMPONENTS_ALL ${component})
    string(TOUPPER ${component} key)
    set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${arg_DEB})
    set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${arg_SECTION})
    set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS ${arg_DEB_DEPENDS})
    set(CPACK_DEBIAN_${key}_DESCRIPTION "${arg_SUMMARY}\n${arg_TEXT}")
    set(CPACK_RPM_${key}_PACKAGE_NAME ${arg_RPM})
    set(CPACK_RPM_${key}_PACKAGE_SUMMARY ${arg_SUMMARY})
    set(CPACK_RPM_${key}_PACKAGE_DESCRIPTION ${arg_TEXT})
    set(CPACK_RPM_${key}_PACKAGE_REQUIRES ${arg_RPM_REQUIRES})
endmacro()

xdpstat_package(xdpstat
    DEB xdpstat
    RPM xdpstat
    SECTION net
    SUMMARY ${PROJECT_DESCRIPTION}
    TEXT "An XDP program counts in the driver, pinned BPF maps hold the counts, and
xdpstat attaches the program and shows them.")
xdpstat_package(libbpfxx
    DEB libbpfxx${BPFXX_INTERFACE_VERSION}
    RPM libbpfxx
    SECTION libs
    SUMMARY "${BPFXX_DESCRIPTION} (shared library)"
    TEXT "This package holds what programs built on bpfxx need to run.")
xdpstat_package(libbpfxx-dev
    DEB libbpfxx-dev
    RPM libbpfxx-devel
    SECTION libdevel
    SUMMARY "${BPFXX_DESCRIPTION} (development files)"
    TEXT "This package holds the headers, the static library, and the files by which
CMake and pkg-config find them."
    DEB_DEPENDS "libbpfxx${BPFXX_INTERFACE_VERSION} (= ${PROJECT_VERSION}), libbpf-dev (>= 1:${LIBBPF_FLOOR}), pkg-config"
    RPM_REQUIRES "libbpfxx = ${PROJECT_VERSION}, libbpf-devel >= ${LIBBPF_FLOOR}, pkgconf-pkg-config")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBBPFXX_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/triggers)

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE BSD-2-Clause)
set(CPACK_RPM_PACKAGE_RELOCATABLE OFF)
# CPack strips by itself, and only what runs here: rpmbuild's own stripping stumbles over the BPF object.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define __strip /bin/true")
# Folders that other packages own.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /usr/${CMAKE_INSTALL_LIBDIR}
    /usr/${CMAKE_INSTALL_LIBDIR}/cmake
    /usr/${CMAKE_INSTALL_LIBDIR}/pkgconfig
    /usr/share/bash-completion
    /usr/share/bash-completion/completions
    /usr/share/fish
    /usr/share/fish/vendor_completions.d
    /usr/share/licenses
    /usr/share/man
    /usr/share/man/man1
    /usr/share/zsh
    /usr/share/zsh/site-functions)

include(CPack)
