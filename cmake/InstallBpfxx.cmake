# SPDX-License-Identifier: BSD-2-Clause
# bpfxx for programs outside this tree: the shared library, and what CMake and pkg-config need to find either library.
include(CMakePackageConfigHelpers)

set(exported_symbols ${CMAKE_CURRENT_BINARY_DIR}/bpfxx.map)
configure_file(${PROJECT_SOURCE_DIR}/cmake/bpfxx/bpfxx.map.in ${exported_symbols} @ONLY)

add_library(bpfxx_shared SHARED $<TARGET_OBJECTS:bpfxx_objects>)
set_target_properties(bpfxx_shared PROPERTIES
    OUTPUT_NAME bpfxx
    VERSION ${PROJECT_VERSION}
    SOVERSION ${BPFXX_INTERFACE_VERSION}
    LINK_DEPENDS ${exported_symbols})
target_link_options(bpfxx_shared PRIVATE LINKER:--version-script=${exported_symbols})
if(NOT XDPSTAT_SANITIZE) # what a sanitizer calls is in the program
    target_link_options(bpfxx_shared PRIVATE LINKER:--no-undefined)
endif()

foreach(library IN ITEMS bpfxx bpfxx_shared)
    target_compile_features(${library} PUBLIC cxx_std_23)
    target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
# Public though no header of bpfxx includes libbpf's: the skeletons that Skeleton<T> holds call it.
target_link_libraries(bpfxx_shared PUBLIC PkgConfig::LIBBPF)

set_target_properties(bpfxx_shared PROPERTIES EXPORT_NAME bpfxx)
set_target_properties(bpfxx PROPERTIES EXPORT_NAME static)
install(TARGETS bpfxx_shared bpfxx
    EXPORT bpfxxTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libbpfxx NAMELINK_COMPONENT libbpfxx-dev
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libbpfxx-dev)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME libbpfxx-dev)
install(FILES ${BPFXX_PUBLIC_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bpfxx)

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/bpfxx)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/bpfxx/bpfxxConfig.cmake.in bpfxxConfig.cmake
    INSTALL_DESTINATION ${config_folder}
    NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(bpfxxConfigVersion.cmake COMPATIBILITY ${BPFXX_COMPATIBILITY})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpfxxConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/bpfxxConfigVersion.cmake
    DESTINATION ${config_folder})
install(EXPORT bpfxxTargets NAMESPACE bpfxx:: DESTINATION ${config_folder})

set(pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH BPFXX_PREFIX_FROM_PC /${pc_folder} /)
string(REGEX REPLACE "/$" "" BPFXX_PREFIX_FROM_PC ${BPFXX_PREFIX_FROM_PC})
configure_file(${PROJECT_SOURCE_DIR}/cmake/bpfxx/bpfxx.pc.in bpfxx.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpfxx.pc DESTINATION ${pc_folder})
