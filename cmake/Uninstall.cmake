# SPDX-License-Identifier: BSD-2-Clause
# Removes what an installation put on the machine, and then the folders that are xdpstat's or bpfxx's alone.
#
#   [DESTDIR=folder] cmake -D MANIFEST=build/release/install_manifest.txt -P cmake/Uninstall.cmake
#
# The build folder keeps that list of the last installation from it.
if(NOT EXISTS "${MANIFEST}")
    message(FATAL_ERROR "'${MANIFEST}' is not there: nothing was installed from that build folder")
endif()
file(STRINGS ${MANIFEST} files)
foreach(file IN LISTS files)
    set(path $ENV{DESTDIR}${file})
    if(EXISTS ${path} OR IS_SYMLINK ${path})
        file(REMOVE ${path})
        message(STATUS "Removed: ${path}")
    else()
        message(STATUS "Not there: ${path}")
    endif()
endforeach()
foreach(file IN LISTS files)
    get_filename_component(folder $ENV{DESTDIR}${file} DIRECTORY)
    get_filename_component(name ${folder} NAME)
    file(GLOB left ${folder}/*)
    if(name MATCHES "^(bpfxx|xdpstat)$" AND IS_DIRECTORY ${folder} AND NOT left)
        file(REMOVE_RECURSE ${folder})
        message(STATUS "Removed: ${folder}")
    endif()
endforeach()
