include(CMakeFindDependencyMacro)
find_dependency(interchoice 0.1 COMPONENTS torch)
include("${CMAKE_CURRENT_LIST_DIR}/exporter-targets.cmake")
