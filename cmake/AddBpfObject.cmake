# SPDX-License-Identifier: BSD-2-Clause
find_program(BPF_CLANG NAMES clang-19 clang-20 clang-18 clang REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

# Builds NAME.bpf.c of the current folder: NAME.bpf.o and the skeleton NAME.skel.h, whose structure is NAME_bpf, in the
# current binary folder. Gives the target NAME_object, and NAME_skeleton to link for the skeleton.
function(xdpstat_add_bpf_object name)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
    set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)

    # asm/types.h lies in the multiarch folder on Debian; the BPF target does not look there by itself.
    set(multiarch "")
    if(EXISTS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
        set(multiarch -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
    endif()

    # -mcpu=v3: understood by every kernel from 5.1 (32-bit jumps and registers).
    add_custom_command(
        OUTPUT ${object}
        COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -I${PROJECT_SOURCE_DIR} ${multiarch}
                -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
        DEPENDS ${source}
        DEPFILE ${object}.d
        COMMENT "Building the BPF object ${name}"
        VERBATIM)
    add_custom_command(
        OUTPUT ${skeleton}
        COMMAND sh -c "'${BPFTOOL}' gen skeleton '${object}' name ${name}_bpf > '${skeleton}'"
        DEPENDS ${object}
        COMMENT "Generating the skeleton of ${name}"
        VERBATIM)
    add_custom_target(${name}_object ALL DEPENDS ${object} ${skeleton})

    add_library(${name}_skeleton INTERFACE)
    target_include_directories(${name}_skeleton SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
    add_dependencies(${name}_skeleton ${name}_object)
endfunction()
