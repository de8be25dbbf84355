# SPDX-License-Identifier: BSD-2-Clause
#
# xdpstat_embed_files(NAME FOLDER folder)
#
# Gives the library NAME, which defines embedded_files() of src/exporter/embedded_file.hpp: all files directly in a folder,
# compressed, or as they are where that is shorter. As a script, `cmake -D FOLDER=... -D OUTPUT=... -D GZIP=... -P EmbedFiles.cmake` writes its source.

function(xdpstat_embed_files name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER" "")
    find_program(XDPSTAT_GZIP gzip REQUIRED)
    get_filename_component(folder ${arg_FOLDER} ABSOLUTE)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    add_custom_command(
        OUTPUT ${source}
        COMMAND ${CMAKE_COMMAND} -D FOLDER=${folder} -D OUTPUT=${source} -D GZIP=${XDPSTAT_GZIP}
                -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
        DEPENDS ${files} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
        COMMENT "Embedding ${arg_FOLDER}"
        VERBATIM)
    add_library(${name} STATIC ${source})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
    return()
endif()

function(content_type variable file)
    get_filename_component(extension ${file} LAST_EXT)
    set(.html "text/html; charset=utf-8")
    set(.css "text/css; charset=utf-8")
    set(.js "text/javascript; charset=utf-8")
    set(.txt "text/plain; charset=utf-8")
    set(.svg "image/svg+xml")
    if(NOT DEFINED ${extension})
        message(FATAL_ERROR "${file}: EmbedFiles.cmake knows no content type for ${extension}")
    endif()
    set(${variable} ${${extension}} PARENT_SCOPE)
endfunction()

# A file as a C++ string literal: every byte escaped, so that no byte can be taken for something else.
function(string_literal variable file)
    file(READ ${file} bytes HEX)
    # Lines, for the sake of compilers and editors.
    string(REGEX REPLACE "(................................................................)" "\\1\"\n    \"" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
    set(${variable} "\"${bytes}\"" PARENT_SCOPE)
endfunction()

file(GLOB files ${FOLDER}/*)
list(SORT files)
set(constants "")
set(table "")
set(number 0)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    set(path /${name})
    if(name STREQUAL index.html)
        set(path /)
    endif()
    content_type(type ${file})
    file(SHA256 ${file} hash)
    string(SUBSTRING ${hash} 0 16 hash)
    set(literal "\"\"")
    # Without a name and a time in it, so that the same page gives the same program.
    set(compressed ${OUTPUT}.gz)
    execute_process(COMMAND ${GZIP} -9 -n -c ${file} OUTPUT_FILE ${compressed} COMMAND_ERROR_IS_FATAL ANY)
    file(SIZE ${file} size)
    file(SIZE ${compressed} compressed_size)
    set(compressed_literal "\"\"")
    if(compressed_size LESS size)
        string_literal(compressed_literal ${compressed})
    else()
        string_literal(literal ${file})
    endif()
    file(REMOVE ${compressed})
    string(APPEND constants "constexpr char file_${number}[] =\n    ${literal};\nconstexpr char gzip_${number}[] =\n    ${compressed_literal};\n")
    string(APPEND table "    {\"${path}\", \"${type}\", {file_${number}, sizeof file_${number} - 1}, {gzip_${number}, sizeof gzip_${number} - 1}, \"W/\\\"${hash}\\\"\"},\n")
    math(EXPR number "${number} + 1")
endforeach()

file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
// Written by cmake/EmbedFiles.cmake.
#include "exporter/embedded_file.hpp"

namespace xdpstat {

namespace {

@constants@
constexpr EmbeddedFile files[] = {
@table@};

} // namespace

std::span<const EmbeddedFile> embedded_files() noexcept
{
    return files;
}

} // namespace xdpstat
]])
