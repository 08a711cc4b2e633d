#[=======================================================================[.rst:
FindInterchoiceProtozero
------------------------

Finds the headers of protozero 1.7 or newer and makes the imported target
``InterchoiceProtozero::protozero``. Result variables: ``InterchoiceProtozero_FOUND``,
``InterchoiceProtozero_REASON`` where it is false.
#]=======================================================================]

find_path(InterchoiceProtozero_INCLUDE_DIR protozero/version.hpp)
mark_as_advanced(InterchoiceProtozero_INCLUDE_DIR)

set(InterchoiceProtozero_FOUND FALSE)
set(InterchoiceProtozero_REASON "it needs protozero 1.7 or later (Debian: libprotozero-dev)")
if(EXISTS "${InterchoiceProtozero_INCLUDE_DIR}/protozero/version.hpp")
  file(STRINGS "${InterchoiceProtozero_INCLUDE_DIR}/protozero/version.hpp" _interchoice_lines
       REGEX "define PROTOZERO_VERSION_(MAJOR|MINOR) ")
  string(REGEX MATCHALL "[0-9]+" _interchoice_numbers "${_interchoice_lines}")
  string(REPLACE ";" "." _interchoice_version "${_interchoice_numbers}")
  if(_interchoice_version VERSION_GREATER_EQUAL 1.7)
    set(InterchoiceProtozero_FOUND TRUE)
    if(NOT TARGET InterchoiceProtozero::protozero)
      add_library(InterchoiceProtozero::protozero INTERFACE IMPORTED)
      set_target_properties(InterchoiceProtozero::protozero PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${InterchoiceProtozero_INCLUDE_DIR}")
    endif()
  else()
    string(APPEND InterchoiceProtozero_REASON "; the one in ${InterchoiceProtozero_INCLUDE_DIR} is older")
  endif()
endif()
if(InterchoiceProtozero_FIND_REQUIRED AND NOT InterchoiceProtozero_FOUND)
  message(FATAL_ERROR "interchoice: ${InterchoiceProtozero_REASON}")
endif()
