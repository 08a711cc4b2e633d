cmake_minimum_required(VERSION 3.25)

# cmake -D COMPILER=... -D SOURCE=... -D INCLUDES=... -P check.cmake: see CMakeLists.txt beside it.

set(command "${COMPILER}" -std=c++20 -fsyntax-only ${INCLUDES} "${SOURCE}")

file(STRINGS "${SOURCE}" expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "${SOURCE} names no `// expect:` text")
endif()
file(STRINGS "${SOURCE}" twin REGEX "INTERCHOICE_POSITIVE")
if(NOT twin)
  message(FATAL_ERROR "${SOURCE} has no positive twin (INTERCHOICE_POSITIVE)")
endif()

execute_process(COMMAND ${command} -DINTERCHOICE_POSITIVE
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "The positive twin does not compile:\n${output}")
endif()

execute_process(COMMAND ${command}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "It compiles, but it must not.")
endif()
foreach(line IN LISTS expectations)
  string(REGEX REPLACE "^// expect: " "" expected "${line}")
  string(FIND "${output}" "${expected}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "The message lacks `${expected}`:\n${output}")
  endif()
endforeach()
