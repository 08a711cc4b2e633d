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

/// A function of NVRTC or of the CUDA driver by its name.
///
/// Neither is linked: a program starts where they are missing, and none of their headers is needed.
/// libtorch's libcaffe2_nvrtc, loaded lazily as libtorch does, depends on the two that libtorch was
/// built for and finds them in the wheels of a Python installation, too; ATen's own table of these
/// functions has no public header. The plain names serve where there is no driver.
///
/// *Throws* std::runtime_error where no library has it.
template <class Function>
Function* runtime_function(const char* name) {
  static void* const beside_torch = [] {
    void* const c10 = ::dlopen("libc10.so", RTLD_LAZY | RTLD_NOLOAD);
    link_map* map = nullptr;
    if (c10 == nullptr || ::dlinfo(c10, RTLD_DI_LINKMAP, &map) != 0) {
      return static_cast<void*>(nullptr);
    }
    const std::string path = map->l_name;
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    return ::dlopen((folder + "libcaffe2_nvrtc.so").c_str(), RTLD_LAZY);
  }();
  const bool is_driver = std::string_view(name).starts_with("cu");
  void* found = beside_torch == nullptr ? nullptr : ::dlsym(beside_torch, name);
  const std::vector<const char*> names =
      is_driver ? std::vector{"libcuda.so.1"}
                : std::vector{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  for (std::size_t i = 0; found == nullptr && i < names.size(); ++i) {
    void* const handle = ::dlopen(names[i], RTLD_LAZY);
    if (handle != nullptr) found = ::dlsym(handle, name);
  }
  if (found == nullptr) {
    throw std::runtime_error(
        fmt::format("interchoice: no {} has the function {}; install {} and put its folder into "
                    "LD_LIBRARY_PATH",
                    is_driver ? "libcuda.so.1" : "libnvrtc.so", name,
                    is_driver ? "NVIDIA's driver" : "the NVRTC of libtorch's CUDA version"));
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace interchoice::cuda
