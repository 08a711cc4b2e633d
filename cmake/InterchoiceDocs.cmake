# The target `docs`: the reference of every public name and the pages of docs/, as one site in the folder html of
# the build folder. Whatever Doxygen warns of is an error, a public name without a comment included.

find_package(Doxygen 1.9.4 REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_path(INTERCHOICE_DOXYGEN_STYLE doxygen-awesome.css
  PATHS /usr/local/share /usr/share PATH_SUFFIXES doxygen-awesome-css REQUIRED
  DOC "The folder of doxygen-awesome-css (Debian: doxygen-awesome-css)")
mark_as_advanced(INTERCHOICE_DOXYGEN_STYLE)

set(interchoice_docs_dir "${PROJECT_BINARY_DIR}")

# Doxygen links what an example uses with the example.
file(GLOB interchoice_snippets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/snippets/*.cpp")
set(interchoice_examples "/** @namespace fmt\n * Formatters of our types. */\nnamespace fmt {}\n")
foreach(interchoice_snippet IN LISTS interchoice_snippets)
  get_filename_component(interchoice_name "${interchoice_snippet}" NAME)
  string(APPEND interchoice_examples "/** @example ${interchoice_name} */\n")
endforeach()
file(CONFIGURE OUTPUT "${interchoice_docs_dir}/examples.dox" CONTENT "${interchoice_examples}" @ONLY)

set(DOXYGEN_PROJECT_NAME interchoice)
set(DOXYGEN_OUTPUT_DIRECTORY "${interchoice_docs_dir}")
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE "${PROJECT_SOURCE_DIR}/docs/index.md")
set(DOXYGEN_FILE_PATTERNS *.hpp *.md *.dox)
set(DOXYGEN_EXCLUDE_PATTERNS "*/detail/*" "*/gloo_declarations/*" "*/kernels/cuda/text/*")
set(DOXYGEN_EXCLUDE_SYMBOLS detail "*::detail" "*::detail::*" "*::AnyBatchSource::Model*"
  "ranges::ext" "ranges::ext::*" "std::ranges::*")
set(DOXYGEN_FILTER_PATTERNS
  "*.hpp=awk -f ${PROJECT_SOURCE_DIR}/docs/reference/header_filter.awk"
  "*.md=${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/docs/reference/markdown_filter.py")
set(DOXYGEN_IMAGE_PATH "${PROJECT_SOURCE_DIR}/docs/figures" "${PROJECT_SOURCE_DIR}/docs/figures/reproduction")
set(DOXYGEN_EXAMPLE_PATH "${PROJECT_SOURCE_DIR}/docs/snippets")

# The header of each name, as it is included.
set(DOXYGEN_STRIP_FROM_PATH "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}")
set(DOXYGEN_STRIP_FROM_INC_PATH "${PROJECT_SOURCE_DIR}/include")
set(DOXYGEN_FORCE_LOCAL_INCLUDES YES)
set(DOXYGEN_SOURCE_BROWSER YES)
set(DOXYGEN_REFERENCES_LINK_SOURCE NO)

set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_BUILTIN_STL_SUPPORT YES)
set(DOXYGEN_HIDE_SCOPE_NAMES YES)
set(DOXYGEN_STRIP_CODE_COMMENTS NO)
set(DOXYGEN_SORT_MEMBER_DOCS NO)
set(DOXYGEN_TOC_INCLUDE_HEADINGS 2)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_CLASS_GRAPH TEXT)

set(DOXYGEN_QUIET YES)
set(DOXYGEN_WARN_IF_UNDOCUMENTED YES)
set(DOXYGEN_WARN_LOGFILE "${PROJECT_BINARY_DIR}/doxygen.log")

set(DOXYGEN_HTML_EXTRA_STYLESHEET
  "${INTERCHOICE_DOXYGEN_STYLE}/doxygen-awesome.css"
  "${INTERCHOICE_DOXYGEN_STYLE}/doxygen-awesome-sidebar-only.css"
  "${PROJECT_SOURCE_DIR}/docs/reference/style.css")
set(DOXYGEN_GENERATE_TREEVIEW YES)
set(DOXYGEN_DISABLE_INDEX NO)
set(DOXYGEN_FULL_SIDEBAR NO)
set(DOXYGEN_HTML_DYNAMIC_SECTIONS YES)

file(GLOB interchoice_pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/*.md")
doxygen_add_docs(docs
  "${PROJECT_SOURCE_DIR}/include/interchoice" "${PROJECT_SOURCE_DIR}/docs" ${interchoice_pages}
  "${interchoice_docs_dir}/examples.dox"
  COMMENT "Making ${interchoice_docs_dir}/html/index.html")
add_custom_command(TARGET docs POST_BUILD VERBATIM
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/docs/reference/check_warnings.py" "${DOXYGEN_WARN_LOGFILE}")

if(INTERCHOICE_INSTALL)
  install(DIRECTORY "${interchoice_docs_dir}/html" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    COMPONENT docs EXCLUDE_FROM_ALL)
endif()
