cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${FIRST}" "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${FIRST}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

# The package must not know where it was made.
file(GLOB_RECURSE files "${FIRST}/*.cmake")
if(NOT files)
  message(FATAL_ERROR "The package has no CMake files")
endif()
foreach(file IN LISTS files)
  file(READ "${file}" text)
  foreach(path IN ITEMS "${FIRST}" "${BINARY_DIR}" "${SOURCE_DIR}")
    string(FIND "${text}" "${path}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${file} names ${path}")
    endif()
  endforeach()
endforeach()

# Every header of the source tree, and nothing else.
file(GLOB_RECURSE expected RELATIVE "${SOURCE_DIR}/include" "${SOURCE_DIR}/include/*.hpp" "${SOURCE_DIR}/include/*.h")
file(GLOB_RECURSE installed RELATIVE "${FIRST}/include" "${FIRST}/include/*")
list(SORT expected)
list(SORT installed)
if(NOT expected STREQUAL installed)
  message(FATAL_ERROR "Installed headers: ${installed}\nHeaders of the source tree: ${expected}")
endif()

get_filename_component(parent "${PREFIX}" DIRECTORY)
file(MAKE_DIRECTORY "${parent}")
file(RENAME "${FIRST}" "${PREFIX}")
