cmake_minimum_required(VERSION 3.25)

# Each floor of the library includes only itself and the floors below it; libtorch starts at `nn`.

set(floors
  "core"
  "spaces dependency sampling stats"
  "io"
  "search distributed"
  "nn"
  "networks"
  "training data"
  "evaluation predictors"
  "export report")
set(torch_free core spaces dependency sampling stats search)

set(number 0)
foreach(floor IN LISTS floors)
  string(REPLACE " " ";" folders "${floor}")
  foreach(folder IN LISTS folders)
    set(floor_of_${folder} ${number})
  endforeach()
  math(EXPR number "${number} + 1")
endforeach()

set(failures 0)
file(GLOB_RECURSE headers RELATIVE "${INCLUDE_DIR}" "${INCLUDE_DIR}/*.hpp")
foreach(header IN LISTS headers)
  if(NOT header MATCHES "^([a-z]+)/")
    continue()  # version.hpp and the umbrellas
  endif()
  set(folder ${CMAKE_MATCH_1})
  if(NOT DEFINED floor_of_${folder})
    message("${header}: the folder ${folder} is on no floor; add it to check_floors.cmake")
    math(EXPR failures "${failures} + 1")
    continue()
  endif()
  file(STRINGS "${INCLUDE_DIR}/${header}" lines REGEX "^ *# *include")
  foreach(line IN LISTS lines)
    if(line MATCHES "\"interchoice/([a-z]+)/")
      if(NOT DEFINED floor_of_${CMAKE_MATCH_1} OR floor_of_${CMAKE_MATCH_1} GREATER floor_of_${folder})
        message("${header}: ${line} is on a floor above")
        math(EXPR failures "${failures} + 1")
      endif()
    elseif(folder IN_LIST torch_free AND line MATCHES "<(torch|ATen|c10|nlohmann)/")
      message("${header}: ${line} is above the torch line")
      math(EXPR failures "${failures} + 1")
    elseif(line MATCHES "<torch/torch\\.h>|<range/v3/all")
      message("${header}: ${line} costs users too much; include less")
      math(EXPR failures "${failures} + 1")
    elseif(line MATCHES "<fmt/" AND NOT line MATCHES "<fmt/core\\.h>")
      message("${header}: ${line}: headers use <fmt/core.h> and no other part of fmt")
      math(EXPR failures "${failures} + 1")
    elseif(line MATCHES "<range/v3/" AND NOT folder STREQUAL "search")
      message("${header}: ${line}: range-v3 is for search, examples and tests")
      math(EXPR failures "${failures} + 1")
    endif()
  endforeach()
endforeach()
if(failures)
  message(FATAL_ERROR "${failures} includes are out of place")
endif()
