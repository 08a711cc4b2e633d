cmake_minimum_required(VERSION 3.25)

# Configures, builds and installs PROJECT in FOLDER, then runs its program RUN; or, with FAILS_WITH, checks
# that configuring fails with that text.

file(REMOVE_RECURSE "${FOLDER}")
# CACHE is a list of settings: `|` stands between them, `,` between the parts of one
string(REPLACE "|" ";" CACHE "${CACHE}")
list(TRANSFORM CACHE REPLACE "," "\\\\;")

set(ENV{CMAKE_PREFIX_PATH} "")
set(ENV{Torch_DIR} "")
set(ENV{Torch_ROOT} "")

execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${PROJECT}" -B "${FOLDER}/build" -G "${GENERATOR}"
          "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_INSTALL_PREFIX=${FOLDER}/prefix" ${CACHE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(FAILS_WITH)
  if(status EQUAL 0)
    message(FATAL_ERROR "Configuring succeeds, but it must fail:\n${output}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " flat "${output}")  # CMake wraps its messages
  string(FIND "${flat}" "${FAILS_WITH}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "The message lacks `${FAILS_WITH}`:\n${output}")
  endif()
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "Configuring fails:\n${output}")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" --build "${FOLDER}/build" --target install
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "Building fails:\n${output}")
endif()
if(RUN)
  execute_process(COMMAND "${FOLDER}/build/${RUN}" COMMAND_ERROR_IS_FATAL ANY)
endif()
