# SPDX-License-Identifier: BSD-2-Clause
#
# xdpstat_link_without_unwinding(TARGET library...)
#
# Has a static program link copies of these C libraries that lack the tables by which an exception finds its way through a function
# (.eh_frame): none of ours passes through theirs, and they are a twelfth of the program. A debugger misses them.
function(xdpstat_link_without_unwinding target)
    set(place ${CMAKE_CURRENT_BINARY_DIR}/without_unwinding)
    set(copies "")
    foreach(library IN LISTS ARGN)
        find_library(XDPSTAT_STATIC_${library} NAMES lib${library}.a REQUIRED)
        set(copy ${place}/lib${library}.a)
        add_custom_command(
            OUTPUT ${copy}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${place}
            COMMAND ${CMAKE_OBJCOPY} --remove-section=.eh_frame --remove-section=.rela.eh_frame ${XDPSTAT_STATIC_${library}} ${copy}
            DEPENDS ${XDPSTAT_STATIC_${library}}
            VERBATIM)
        list(APPEND copies ${copy})
    endforeach()
    add_custom_target(${target}_without_unwinding DEPENDS ${copies})
    add_dependencies(${target} ${target}_without_unwinding)
    # No target_link_directories(), which would also have the program look there when it starts.
    target_link_options(${target} PRIVATE -L${place})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${copies})
endfunction()
