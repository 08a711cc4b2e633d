#[=======================================================================[.rst:
FindInterchoiceJpeg
-------------------

Finds the TurboJPEG library of libjpeg-turbo 2.1 or newer and makes the imported target
``InterchoiceJpeg::turbojpeg``. ``InterchoiceJpeg_ROOT`` and ``CMAKE_PREFIX_PATH`` say where else to
look. Result variables: ``InterchoiceJpeg_FOUND``, ``InterchoiceJpeg_REASON`` where it is false.

libjpeg-turbo's own package is not used: Debian's stops the configuration with an error where only the
TurboJPEG half of it is installed.
#]=======================================================================]

find_path(InterchoiceJpeg_INCLUDE_DIR turbojpeg.h)
find_library(InterchoiceJpeg_LIBRARY turbojpeg)
mark_as_advanced(InterchoiceJpeg_INCLUDE_DIR InterchoiceJpeg_LIBRARY)

set(InterchoiceJpeg_FOUND FALSE)
set(InterchoiceJpeg_REASON "it needs libjpeg-turbo 2.1 or later (Debian: libturbojpeg0-dev)")
if(EXISTS "${InterchoiceJpeg_INCLUDE_DIR}/turbojpeg.h" AND EXISTS "${InterchoiceJpeg_LIBRARY}")
  # Its version is nowhere in the header; this came with 2.1.
  file(STRINGS "${InterchoiceJpeg_INCLUDE_DIR}/turbojpeg.h" _interchoice_lines REGEX "define TJFLAG_LIMITSCANS")
  if(_interchoice_lines)
    set(InterchoiceJpeg_FOUND TRUE)
    if(NOT TARGET InterchoiceJpeg::turbojpeg)
      add_library(InterchoiceJpeg::turbojpeg UNKNOWN IMPORTED)
      set_target_properties(InterchoiceJpeg::turbojpeg PROPERTIES
        IMPORTED_LOCATION "${InterchoiceJpeg_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${InterchoiceJpeg_INCLUDE_DIR}")
    endif()
  else()
    string(APPEND InterchoiceJpeg_REASON "; the one in ${InterchoiceJpeg_INCLUDE_DIR} is older")
  endif()
endif()
if(InterchoiceJpeg_FIND_REQUIRED AND NOT InterchoiceJpeg_FOUND)
  message(FATAL_ERROR "interchoice: ${InterchoiceJpeg_REASON}")
endif()
