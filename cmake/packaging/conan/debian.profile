# The dependencies are Debian's: libfmt-dev, librange-v3-dev, nlohmann-json3-dev, libxxhash-dev.
include(default)

[settings]
compiler.cppstd=20

[platform_requires]
fmt/9.1.0
range-v3/0.12.0
nlohmann_json/3.11.2
xxhash/0.8.1

[conf]
# Nothing is written into the source tree.
tools.cmake.cmake_layout:test_folder=$TMP
tools.cmake.cmaketoolchain:user_presets=
