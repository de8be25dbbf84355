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
        # Without what debuggers alone read, which would be in every program.
        COMMAND ${BPFTOOL} gen object ${skeleton}.o ${object}
        COMMAND sh -c "'${BPFTOOL}' gen skeleton '${skeleton}.o' name ${name}_bpf > '${skeleton}'"
        COMMAND ${CMAKE_COMMAND} -E rm ${skeleton}.o
        DEPENDS ${object}
        COMMENT "Generating the skeleton of ${name}"
        VERBATIM)
    add_custom_target(${name}_object ALL DEPENDS ${object} ${skeleton})

    add_library(${name}_skeleton INTERFACE)
    target_include_directories(${name}_skeleton SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
    add_dependencies(${name}_skeleton ${name}_object)
endfunction()

# Gives the target `bytecode`, which is built when it is named: NAME.bpf.c of the current folder for each machine
# (bytecode/NAME.MACHINE.o), with the kernel's headers of that machine, and without what debuggers alone read.
function(xdpstat_add_bytecode name)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
    set(place ${CMAKE_CURRENT_BINARY_DIR}/bytecode)
    set(objects "")
    foreach(machine IN ITEMS x86_64:x86:x86_64-linux-gnu arm64:arm64:aarch64-linux-gnu)
        string(REPLACE ":" ";" words ${machine})
        list(GET words 0 suffix)
        list(GET words 1 define)
        list(GET words 2 triplet)
        # Debian's own folder of this machine, or that of its headers for another one.
        set(headers /usr/${triplet}/include)
        if(triplet STREQUAL CMAKE_LIBRARY_ARCHITECTURE)
            set(headers /usr/include/${triplet})
        endif()
        set(object ${place}/${name}.${suffix}.o)
        add_custom_command(
            OUTPUT ${object}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${place}
            COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -D__TARGET_ARCH_${define}
                    -I${PROJECT_SOURCE_DIR} -idirafter ${headers} -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
                    -c ${source} -o ${object}.full
            COMMAND ${BPFTOOL} gen object ${object} ${object}.full
            COMMAND ${CMAKE_COMMAND} -E rm ${object}.full
            DEPENDS ${source} ${name}_object
            COMMENT "Building the BPF object ${name} for ${suffix}"
            VERBATIM)
        list(APPEND objects ${object})
    endforeach()
    add_custom_target(bytecode DEPENDS ${objects})
endfunction()
