#pragma once

#include <dlfcn.h>
#include <fmt/core.h>
#include <link.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace interchoice::cuda {

namespace detail {

/// libtorch's libcaffe2_nvrtc, which depends on the NVRTC and the driver that libtorch was built
/// for; nullptr where one of them is missing.
inline void* library_beside_torch() {
  static void* const library = [] {
    void* const c10 = ::dlopen("libc10.so", RTLD_LAZY | RTLD_NOLOAD);
    link_map* map = nullptr;
    void* found = nullptr;
    if (c10 != nullptr && ::dlinfo(c10, RTLD_DI_LINKMAP, &map) == 0) {
      const std::string path = map->l_name;
      found =
          ::dlopen((path.substr(0, path.rfind('/') + 1) + "libcaffe2_nvrtc.so").c_str(), RTLD_LAZY);
    }
    return found;
  }();
  return library;
}

}  // namespace detail

/// A function of NVRTC or of the CUDA driver by its name.
///
/// Neither is linked: programs start where they are missing, and none of their headers is needed.
/// ATen's own table of these functions has no public header, but the library that it opens finds
/// both in the wheels of a Python installation, too. The plain names serve where there is no
/// driver.
///
/// *Throws* std::runtime_error where no library has it.
template <class Function>
Function* runtime_function(const char* name) {
  const bool is_driver = std::string_view(name).starts_with("cu");
  void* library = detail::library_beside_torch();
  void* found = library == nullptr ? nullptr : ::dlsym(library, name);
  const std::vector<const char*> names =
      is_driver ? std::vector{"libcuda.so.1"}
                : std::vector{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  for (std::size_t i = 0; found == nullptr && i < names.size(); ++i) {
    library = ::dlopen(names[i], RTLD_LAZY);
    if (library != nullptr) found = ::dlsym(library, name);
  }
  if (found == nullptr) {
    throw std::runtime_error(fmt::format(
        "interchoice: {} has no {}, or is not there; install {} and name its folder in "
        "LD_LIBRARY_PATH",
        names[0], name, is_driver ? "NVIDIA's driver" : "the NVRTC of libtorch's version of CUDA"));
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace interchoice::cuda
