# catch_register_files(TARGET LABEL label)
#
# One CTest entry for each source file of a Catch2 program (a process for every TEST_CASE would spend
# most of its time in loading libtorch). A file's tests tagged [shared], which need the shared data
# folder, become an entry of their own, so that CTest can report them as skipped. An entry whose filter
# matches no test fails.
function(catch_register_files target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "")
  if(Catch2_VERSION VERSION_LESS 3)
    set(strict --warn NoTests)
  else()
    set(strict "")  # version 3 fails by itself
  endif()
  get_target_property(sources ${target} SOURCES)
  set(stems "")
  foreach(source IN LISTS sources)
    get_filename_component(stem "${source}" NAME_WE)
    file(RELATIVE_PATH name "${CMAKE_CURRENT_SOURCE_DIR}" "${source}")
    string(REGEX REPLACE "\\.cpp$" "" name "${name}")
    string(REPLACE "/" "." name "${name}")
    if(stem IN_LIST stems)
      message(WARNING "Two files of ${target} are called ${stem}.cpp; Catch2 tags tests by file name, "
                         "so each of their entries runs the tests of both.")
    endif()
    list(APPEND stems ${stem})

    # Count the tests with and without the tag; the brackets would confuse CMake's lists.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    file(READ "${source}" text)
    string(REPLACE "[shared]" "@shared@" text "${text}")
    string(REGEX REPLACE "[][;]" "" text "${text}")
    string(REGEX MATCHALL "(TEST_CASE|TEST_CASE_SIG|LIST_TEST_CASE|SCENARIO)(_METHOD)?\\([^{]*{" tests "${text}")
    set(shared ${tests})
    list(FILTER shared INCLUDE REGEX "@shared@")
    set(others ${tests})
    list(FILTER others EXCLUDE REGEX "@shared@")

    set(environment "OMP_NUM_THREADS=1")
    if(others)
      add_test(NAME ${name} COMMAND ${target} ${strict} "-#" "[#${stem}]~[shared]")
      set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" ENVIRONMENT "${environment}"
                           TIMEOUT 900)
    endif()
    if(shared)
      add_test(NAME ${name}.shared COMMAND ${target} ${strict} "-#" "[#${stem}][shared]")
      set_tests_properties(${name}.shared PROPERTIES LABELS "${arg_LABEL};shared"
                           ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77 TIMEOUT 900)
    endif()
    if(NOT tests)
      message(WARNING "${source} has no test")
    endif()
  endforeach()
endfunction()
