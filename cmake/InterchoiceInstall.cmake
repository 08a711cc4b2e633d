# The relocatable package: lib/cmake/interchoice and the headers, as the component `dev`.

include(CMakePackageConfigHelpers)

set(interchoice_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/interchoice")

foreach(interchoice_component IN ITEMS core torch cuda jpeg distributed export)
  install(TARGETS interchoice_${interchoice_component} EXPORT interchoice-${interchoice_component}
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
  install(EXPORT interchoice-${interchoice_component}
          DESTINATION "${interchoice_package_dir}"
          NAMESPACE interchoice::
          FILE interchoice-${interchoice_component}-targets.cmake
          COMPONENT dev)
endforeach()

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/interchoice-config.cmake.in"
  "${PROJECT_BINARY_DIR}/interchoice-config.cmake"
  INSTALL_DESTINATION "${interchoice_package_dir}"
  NO_SET_AND_CHECK_MACRO)
# A minor version may break users while the major one is 0.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/interchoice-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)

install(FILES
  "${PROJECT_BINARY_DIR}/interchoice-config.cmake"
  "${PROJECT_BINARY_DIR}/interchoice-config-version.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindInterchoiceTorch.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/fmt_functions.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/FindInterchoiceJpeg.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindInterchoiceProtozero.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindInterchoiceXxhash.cmake"
  DESTINATION "${interchoice_package_dir}" COMPONENT dev)
cmake_path(GET interchoice_vega_file PARENT_PATH interchoice_vega_folder)
install(FILES "${INTERCHOICE_VEGA}" DESTINATION "${interchoice_vega_folder}" RENAME vega.js COMPONENT dev OPTIONAL)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT dev)
