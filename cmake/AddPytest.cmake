# SPDX-License-Identifier: BSD-2-Clause
#
# add_pytest(NAME LABEL label [ENVIRONMENT name=value...] [TIMEOUT seconds] [PYTHON interpreter] [SERIAL] FILES file...)
#
# Registers a pytest run with ctest as one test called NAME. Its single cases go to
# ${CMAKE_BINARY_DIR}/junit/NAME.xml, where scripts/run-tests finds and counts them.

# The system's Python and not whichever is first in PATH: it is the one that the package lists give pytest to.
find_program(XDPSTAT_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

function(add_pytest name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LABEL;TIMEOUT;PYTHON" "ENVIRONMENT;FILES")
    if(NOT arg_LABEL OR NOT arg_FILES OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "add_pytest(${name}): LABEL and FILES are needed; not understood: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    if(NOT arg_PYTHON)
        set(arg_PYTHON ${XDPSTAT_PYTHON})
    endif()
    add_test(
        NAME ${name}
        COMMAND ${arg_PYTHON} -B -m pytest -q -ra -p no:cacheprovider --tb=short
            --junit-xml=${CMAKE_BINARY_DIR}/junit/${name}.xml ${arg_FILES}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES
        LABELS "${arg_LABEL}"
        TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "${arg_ENVIRONMENT}")
    if(arg_SERIAL)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
endfunction()
