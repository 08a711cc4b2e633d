cmake_minimum_required(VERSION 3.25)

# The files that name the version and cannot read it from version.hpp.
foreach(pair IN ITEMS "CITATION.cff|version: ${VERSION}" "CHANGELOG.md|## ${VERSION}"
                      "cmake/packaging/vcpkg/interchoice/vcpkg.json|\"version\": \"${VERSION}\"")
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 name)
  list(GET pair 1 expected)
  file(READ "${SOURCE_DIR}/${name}" text)
  string(FIND "${text}" "${expected}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "${name} lacks `${expected}`; version.hpp says ${VERSION}")
  endif()
endforeach()
