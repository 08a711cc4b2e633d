# Debian packages, by `cpack`: headers, CMake files and documentation as one package for all machines, the
# programs as another.

set(CPACK_PACKAGE_NAME interchoice)
set(CPACK_PACKAGE_VENDOR "interchoice authors")
set(CPACK_PACKAGE_CONTACT "interchoice authors <noreply@interchoice.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# What is there to be packaged: a build without programs has the first package only.
set(CPACK_COMPONENTS_ALL dev)
if(TARGET docs)
  list(APPEND CPACK_COMPONENTS_ALL docs)
endif()
if(INTERCHOICE_EXAMPLES AND TARGET interchoice::torch)
  list(APPEND CPACK_COMPONENTS_ALL programs)
endif()

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libinterchoice-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libfmt-dev (>= 9), librange-v3-dev")
# Of the components but core; libtorch is nowhere in Debian in a version that is new enough.
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "nlohmann-json3-dev (>= 3.9), libxxhash-dev (>= 0.8)")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libturbojpeg0-dev, libprotozero-dev")

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME interchoice-programs)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "libc6, libgcc-s1, libstdc++6")
if(TARGET InterchoiceJpeg::turbojpeg)
  string(APPEND CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS ", libturbojpeg0")
endif()
set(CPACK_STRIP_FILES ON)

include(CPack)
cpack_add_component_group(dev)
cpack_add_component(dev GROUP dev
  DESCRIPTION "Headers, CMake files and documentation. libtorch is not in it: see the page use-from-cmake.")
cpack_add_component(docs GROUP dev)
cpack_add_component(programs
  DESCRIPTION "Programs that train, rank, search and report. They load the libtorch that they were built with, from its folder.")
