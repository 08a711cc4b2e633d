#[=======================================================================[.rst:
FindInterchoiceXxhash
---------------------

Finds the header of xxHash 0.8 or newer, used without its library, and makes the imported target
``InterchoiceXxhash::xxhash``. Result variables: ``InterchoiceXxhash_FOUND``,
``InterchoiceXxhash_REASON`` where it is false.
#]=======================================================================]

find_path(InterchoiceXxhash_INCLUDE_DIR xxhash.h)
mark_as_advanced(InterchoiceXxhash_INCLUDE_DIR)

set(InterchoiceXxhash_FOUND FALSE)
set(InterchoiceXxhash_REASON "it needs xxHash 0.8 or later (Debian: libxxhash-dev)")
if(EXISTS "${InterchoiceXxhash_INCLUDE_DIR}/xxhash.h")
  file(STRINGS "${InterchoiceXxhash_INCLUDE_DIR}/xxhash.h" _interchoice_lines REGEX "define XXH_VERSION_(MAJOR|MINOR)")
  string(REGEX MATCHALL "[0-9]+" _interchoice_numbers "${_interchoice_lines}")
  string(REPLACE ";" "." _interchoice_version "${_interchoice_numbers}")
  if(_interchoice_version VERSION_GREATER_EQUAL 0.8)
    set(InterchoiceXxhash_FOUND TRUE)
    if(NOT TARGET InterchoiceXxhash::xxhash)
      add_library(InterchoiceXxhash::xxhash INTERFACE IMPORTED)
      set_target_properties(InterchoiceXxhash::xxhash PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${InterchoiceXxhash_INCLUDE_DIR}")
    endif()
  else()
    string(APPEND InterchoiceXxhash_REASON "; the one in ${InterchoiceXxhash_INCLUDE_DIR} is older")
  endif()
endif()
if(InterchoiceXxhash_FIND_REQUIRED AND NOT InterchoiceXxhash_FOUND)
  message(FATAL_ERROR "interchoice: ${InterchoiceXxhash_REASON}")
endif()
