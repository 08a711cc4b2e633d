# Functions for this project's own programs. None of it reaches a user's target.

# Warnings for a program of ours. libtorch's headers are system headers and stay silent.
function(interchoice_own_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow
    $<$<BOOL:${INTERCHOICE_WERROR}>:-Werror>)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# interchoice_embed(TARGET FILE SYMBOL [NAMESPACE namespace])
#
# Puts the bytes of FILE into TARGET and generates the header "embedded/SYMBOL.hpp", which declares
#   namespace NAMESPACE { extern const unsigned char SYMBOL[]; extern const std::size_t SYMBOL_size; }
# (`embedded` unless told). The assembler reads the file while it builds, so that megabytes cost
# nothing to compile.
function(interchoice_embed target file symbol)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "NAMESPACE" "")
  if(NOT arg_NAMESPACE)
    set(arg_NAMESPACE embedded)
  endif()
  get_filename_component(file "${file}" ABSOLUTE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}-embedded")
  file(CONFIGURE OUTPUT "${folder}/embedded/${symbol}.hpp" @ONLY CONTENT [[
#pragma once

#include <cstddef>

namespace @arg_NAMESPACE@ {
extern const unsigned char @symbol@[] __asm__("interchoice_embedded_@symbol@");
extern const std::size_t @symbol@_size __asm__("interchoice_embedded_@symbol@_size");
}  // namespace @arg_NAMESPACE@
]])
  file(CONFIGURE OUTPUT "${folder}/${symbol}.cpp" @ONLY CONTENT [[
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".global interchoice_embedded_@symbol@\n"
    "interchoice_embedded_@symbol@:\n"
    ".incbin \"@file@\"\n"
    "1:\n"
    ".balign 8\n"
    ".global interchoice_embedded_@symbol@_size\n"
    "interchoice_embedded_@symbol@_size:\n"
    ".quad 1b - interchoice_embedded_@symbol@\n"
    ".previous\n");
]])
  set_source_files_properties("${folder}/${symbol}.cpp" PROPERTIES
    OBJECT_DEPENDS "${file}" SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE "${folder}/${symbol}.cpp")
  target_include_directories(${target} PUBLIC "${folder}")
endfunction()

# interchoice_example(NAME SOURCES sources... [SMOKE arguments...] [DEMO arguments...] [LIBRARIES targets...])
#
# A program that runs on the GPU where the CUDA side of libtorch was found, else on the processor.
# SMOKE: the arguments of a run of a few seconds, which becomes the test `example.NAME` (label `smoke`).
# DEMO: the arguments of the run that the build target `run_demo` makes, its output shown as it comes.
# Installed as the component `programs`, with the libtorch that it was built with; in a folder of its own, since
# names such as `demo` belong to nobody.
function(interchoice_example name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;SMOKE;DEMO;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  interchoice_own_flags(${name})
  if(TARGET interchoice::cuda)
    target_link_libraries(${name} PRIVATE interchoice::cuda ${arg_LIBRARIES})
  else()
    target_link_libraries(${name} PRIVATE interchoice::torch ${arg_LIBRARIES})
  endif()
  if(INTERCHOICE_INSTALL)
    set_target_properties(${name} PROPERTIES INSTALL_RPATH "${InterchoiceTorch_LIBRARY_DIR}")
    install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/interchoice"
            COMPONENT programs EXCLUDE_FROM_ALL)
  endif()
  if("SMOKE" IN_LIST ARGN AND INTERCHOICE_TESTS)
    add_test(NAME example.${name} COMMAND ${name} ${arg_SMOKE}
             WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
    set_tests_properties(example.${name} PROPERTIES LABELS smoke TIMEOUT 900
      ENVIRONMENT OMP_NUM_THREADS=1)  # small tensors
  endif()
  if("DEMO" IN_LIST ARGN)
    if(NOT TARGET run_demo)
      add_custom_target(run_demo)
    endif()
    add_custom_target(run_demo.${name} COMMAND ${name} ${arg_DEMO}
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" USES_TERMINAL VERBATIM
      COMMENT "Running ${name}")
    add_dependencies(run_demo run_demo.${name})
  endif()
endfunction()
