"""Conan 2 recipe of the library, from the source tree it lies in. libtorch is the user's own."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


class InterchoiceConan(ConanFile):
    name = "interchoice"
    package_type = "header-library"
    description = "One-shot neural architecture search with choice-dependent super-network weights"
    license = "MIT"
    topics = ("neural-architecture-search", "libtorch", "header-only")
    settings = "os", "compiler", "build_type", "arch"
    options = {"torch": [True, False], "jpeg": [True, False], "export": [True, False]}
    default_options = {"torch": True, "jpeg": False, "export": False}
    no_copy_source = True

    def set_version(self):
        text = load(self, os.path.join(REPOSITORY, "include/interchoice/version.hpp"))
        self.version = ".".join(re.findall(r"define INTERCHOICE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "include/*", "cmake/*"):
            copy(self, pattern, REPOSITORY, self.export_sources_folder)

    def requirements(self):
        self.requires("fmt/[>=9]", transitive_headers=True)
        self.requires("range-v3/[>=0.12]", transitive_headers=True)
        if self.options.torch:
            self.requires("nlohmann_json/[>=3.9]", transitive_headers=True)
            self.requires("xxhash/[>=0.8]", transitive_headers=True)
        if self.options.jpeg:
            self.requires("libjpeg-turbo/[>=2.1]", transitive_headers=True)
        if self.options.export:
            self.requires("protozero/[>=1.7]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        # Nothing is compiled here, so the package needs no libtorch until it is used.
        toolchain.cache_variables["INTERCHOICE_TORCH"] = False
        toolchain.cache_variables["INTERCHOICE_TESTS"] = False
        toolchain.cache_variables["INTERCHOICE_EXAMPLES"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The library's own CMake package, with its components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/interchoice"]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
