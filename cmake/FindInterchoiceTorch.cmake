#[=======================================================================[.rst:
FindInterchoiceTorch
--------------------

Finds libtorch and makes imported targets that need no CUDA toolkit:

``InterchoiceTorch::torch``
  the CPU side of libtorch with OpenMP. GNU compilers get ``-fopenmp`` and the one OpenMP runtime that
  libtorch itself loads; clang would bring a second runtime, so OpenMP stays off there.
``InterchoiceTorch::cuda``
  the CUDA side as well. Made only when ``cuda`` is among the asked-for components and everything
  that it links is there; ``InterchoiceTorch_CUDA_REASON`` says what is missing otherwise.

Where it looks, first hit wins:

* ``InterchoiceTorch_ROOT``, ``Torch_ROOT``, ``Torch_DIR`` and ``CMAKE_PREFIX_PATH`` (variables or
  environment). An entry may be the folder of ``pip install --target``, a site-packages folder, an
  unpacked libtorch archive, or the ``share/cmake`` folder that ``torch.utils.cmake_prefix_path``
  prints;
* ``InterchoiceTorch_HINTS``, a list of such folders;
* at last ``find_package(Torch)``, for a libtorch of any other layout.

A libtorch in the first two has to be 2.8 or newer (older ones used a second C++ ABI).

Result variables: ``InterchoiceTorch_FOUND``, ``InterchoiceTorch_VERSION``,
``InterchoiceTorch_LIBRARY_DIR``; ``InterchoiceTorch_gloo_FOUND``, whether our declarations of Gloo
fit, and ``InterchoiceTorch_gloo_REASON`` where they do not.
#]=======================================================================]

# --- the folder ---------------------------------------------------------------------------------

set(_interchoice_torch_candidates "")
foreach(_interchoice_name IN ITEMS InterchoiceTorch_ROOT Torch_ROOT Torch_DIR CMAKE_PREFIX_PATH)
  list(APPEND _interchoice_torch_candidates ${${_interchoice_name}})
  if(DEFINED ENV{${_interchoice_name}})
    string(REPLACE ":" ";" _interchoice_entries "$ENV{${_interchoice_name}}")
    list(APPEND _interchoice_torch_candidates ${_interchoice_entries})
  endif()
endforeach()
list(APPEND _interchoice_torch_candidates ${InterchoiceTorch_HINTS})

set(_interchoice_torch_roots "")
foreach(_interchoice_entry IN LISTS _interchoice_torch_candidates)
  if(IS_ABSOLUTE "${_interchoice_entry}")
    # share/cmake/Torch and share/cmake are three and two folders below the root
    foreach(_interchoice_suffix IN ITEMS "torch" "" "../../.." "../..")
      get_filename_component(_interchoice_path "${_interchoice_entry}/${_interchoice_suffix}" ABSOLUTE)
      list(APPEND _interchoice_torch_roots "${_interchoice_path}")
    endforeach()
  endif()
endforeach()

# InterchoiceTorch_LIBRARY is the only cache entry: everything else follows from it.
if(InterchoiceTorch_LIBRARY AND NOT EXISTS "${InterchoiceTorch_LIBRARY}")
  unset(InterchoiceTorch_LIBRARY CACHE)  # it was moved since the last configuration
endif()
if(NOT InterchoiceTorch_LIBRARY)
  foreach(_interchoice_root IN LISTS _interchoice_torch_roots)
    if(EXISTS "${_interchoice_root}/lib/libtorch_cpu.so"
       AND EXISTS "${_interchoice_root}/include/ATen/core/Tensor.h")
      set(InterchoiceTorch_LIBRARY "${_interchoice_root}/lib/libtorch_cpu.so"
          CACHE FILEPATH "libtorch_cpu of the libtorch in use")
      break()
    endif()
  endforeach()
endif()

set(InterchoiceTorch_VERSION "")
set(InterchoiceTorch_LIBRARY_DIR "")
set(InterchoiceTorch_CUDA_REASON "")
set(_interchoice_torch_include "")
set(_interchoice_torch_direct FALSE)
if(InterchoiceTorch_LIBRARY)
  get_filename_component(InterchoiceTorch_LIBRARY_DIR "${InterchoiceTorch_LIBRARY}" DIRECTORY)
  get_filename_component(_interchoice_root "${InterchoiceTorch_LIBRARY_DIR}" DIRECTORY)
  set(_interchoice_torch_include "${_interchoice_root}/include")
  foreach(_interchoice_file IN ITEMS headeronly/version.h csrc/api/include/torch/version.h)
    if(NOT InterchoiceTorch_VERSION AND EXISTS "${_interchoice_torch_include}/torch/${_interchoice_file}")
      file(STRINGS "${_interchoice_torch_include}/torch/${_interchoice_file}" _interchoice_lines
           REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
      string(REGEX MATCHALL "[0-9]+" _interchoice_numbers "${_interchoice_lines}")
      string(REPLACE ";" "." InterchoiceTorch_VERSION "${_interchoice_numbers}")
    endif()
  endforeach()
  if(InterchoiceTorch_VERSION VERSION_GREATER_EQUAL 2.8)
    set(_interchoice_torch_direct TRUE)
  endif()
endif()

# --- OpenMP -------------------------------------------------------------------------------------

set(_interchoice_torch_openmp "")
if(_interchoice_torch_direct)
  # The wheel has libgomp.so.1, the archive libgomp-<hash>.so.1; one of them at most.
  file(GLOB _interchoice_gomp "${InterchoiceTorch_LIBRARY_DIR}/libgomp*.so*")
  list(POP_FRONT _interchoice_gomp _interchoice_torch_openmp)
endif()

# --- the CPU side -------------------------------------------------------------------------------

set(_interchoice_torch_cpu_ok FALSE)
if(_interchoice_torch_direct)
  set(_interchoice_torch_cpu_ok TRUE)
  if(NOT TARGET InterchoiceTorch::torch)
    foreach(_interchoice_name IN ITEMS torch_cpu c10)
      add_library(InterchoiceTorch::${_interchoice_name} SHARED IMPORTED)
      set_target_properties(InterchoiceTorch::${_interchoice_name} PROPERTIES
        IMPORTED_LOCATION "${InterchoiceTorch_LIBRARY_DIR}/lib${_interchoice_name}.so"
        IMPORTED_SONAME "lib${_interchoice_name}.so")
    endforeach()

    add_library(InterchoiceTorch::openmp INTERFACE IMPORTED)
    if(_interchoice_torch_openmp)
      get_filename_component(_interchoice_name "${_interchoice_torch_openmp}" NAME)
      add_library(InterchoiceTorch::gomp SHARED IMPORTED)
      set_target_properties(InterchoiceTorch::gomp PROPERTIES
        IMPORTED_LOCATION "${_interchoice_torch_openmp}"
        IMPORTED_SONAME "${_interchoice_name}")
      set_target_properties(InterchoiceTorch::openmp PROPERTIES
        INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fopenmp>"
        INTERFACE_LINK_LIBRARIES "$<$<CXX_COMPILER_ID:GNU>:InterchoiceTorch::gomp>")
    endif()

    add_library(InterchoiceTorch::torch INTERFACE IMPORTED)
    set_target_properties(InterchoiceTorch::torch PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES
        "${_interchoice_torch_include};${_interchoice_torch_include}/torch/csrc/api/include"
      INTERFACE_LINK_LIBRARIES
        "InterchoiceTorch::torch_cpu;InterchoiceTorch::c10;InterchoiceTorch::openmp")
  endif()
else()
  set(InterchoiceTorch_LIBRARY_DIR "")
  find_package(Torch QUIET)
  if(Torch_FOUND AND TARGET torch)
    set(_interchoice_torch_cpu_ok TRUE)
    set(InterchoiceTorch_VERSION "${Torch_VERSION}")
    get_filename_component(InterchoiceTorch_LIBRARY_DIR "${TORCH_LIBRARY}" DIRECTORY)
    if(NOT TARGET InterchoiceTorch::torch)
      add_library(InterchoiceTorch::torch INTERFACE IMPORTED)
      set_target_properties(InterchoiceTorch::torch PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}"
        INTERFACE_LINK_LIBRARIES "torch")
      if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        find_package(OpenMP QUIET COMPONENTS CXX)
        if(TARGET OpenMP::OpenMP_CXX)
          set_property(TARGET InterchoiceTorch::torch APPEND PROPERTY
                       INTERFACE_LINK_LIBRARIES OpenMP::OpenMP_CXX)
        endif()
      endif()
    endif()
  endif()
endif()

# --- Gloo, of which libtorch has no headers -------------------------------------------------------

set(InterchoiceTorch_gloo_FOUND FALSE)
if(NOT InterchoiceTorch_VERSION VERSION_GREATER_EQUAL 2.11 OR InterchoiceTorch_VERSION VERSION_GREATER_EQUAL 2.12)
  set(InterchoiceTorch_gloo_REASON "it needs libtorch 2.11, this one is ${InterchoiceTorch_VERSION}")
elseif(NOT EXISTS "${_interchoice_torch_include}/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp")
  set(InterchoiceTorch_gloo_REASON "this libtorch was built without Gloo")
else()
  set(InterchoiceTorch_gloo_FOUND TRUE)
endif()

# --- the CUDA side ------------------------------------------------------------------------------

if("cuda" IN_LIST InterchoiceTorch_FIND_COMPONENTS AND _interchoice_torch_cpu_ok
   AND NOT TARGET InterchoiceTorch::cuda)
  if(NOT _interchoice_torch_direct)
    # find_package(Torch) has linked whatever this libtorch was built with.
    if(TARGET torch_cuda)
      add_library(InterchoiceTorch::cuda INTERFACE IMPORTED)
      set_target_properties(InterchoiceTorch::cuda PROPERTIES
        INTERFACE_LINK_LIBRARIES InterchoiceTorch::torch)
    else()
      set(InterchoiceTorch_CUDA_REASON "this libtorch was built without CUDA")
    endif()
  elseif(NOT EXISTS "${InterchoiceTorch_LIBRARY_DIR}/libtorch_cuda.so")
    set(InterchoiceTorch_CUDA_REASON "this libtorch was built without CUDA")
  else()
    # The wheel leaves its CUDA libraries to other wheels; the toolkit has most of them.
    get_filename_component(_interchoice_site "${InterchoiceTorch_LIBRARY_DIR}/../.." ABSOLUTE)
    find_package(CUDAToolkit QUIET)
    set(_interchoice_missing "")
    set(_interchoice_cuda_dirs "")
    foreach(_interchoice_name IN ITEMS cusparseLt.so.0 nvshmem_host.so.3 cufile.so.0 cudnn.so.9 nccl.so.2
                              cublas.so.13 cufft.so.12 curand.so.10 cusparse.so.12 cusolver.so.12)
      unset(_interchoice_path)
      find_library(_interchoice_path NAMES "lib${_interchoice_name}" NO_CACHE
        HINTS "${InterchoiceTorch_LIBRARY_DIR}" "${_interchoice_site}/nvidia/cu13/lib"
              "${_interchoice_site}/nvidia/cusparselt/lib" "${_interchoice_site}/nvidia/nvshmem/lib"
              "${_interchoice_site}/nvidia/cudnn/lib" "${_interchoice_site}/nvidia/nccl/lib"
              ${CUDAToolkit_LIBRARY_DIR})
      if(_interchoice_path)
        get_filename_component(_interchoice_path "${_interchoice_path}" DIRECTORY)
        list(APPEND _interchoice_cuda_dirs "${_interchoice_path}")
      else()
        list(APPEND _interchoice_missing "lib${_interchoice_name}")
      endif()
    endforeach()
    list(REMOVE_DUPLICATES _interchoice_cuda_dirs)
    # The wheels have the headers that libtorch's own include.
    set(_interchoice_cuda_include ${CUDAToolkit_INCLUDE_DIRS})
    if(NOT CUDAToolkit_FOUND AND EXISTS "${_interchoice_site}/nvidia/cu13/include/cuda_runtime_api.h")
      set(_interchoice_cuda_include "${_interchoice_site}/nvidia/cu13/include")
    endif()
    if(NOT _interchoice_cuda_include)
      set(InterchoiceTorch_CUDA_REASON "no CUDA toolkit was found")
    elseif(_interchoice_missing)
      list(JOIN _interchoice_missing ", " _interchoice_missing)
      set(InterchoiceTorch_CUDA_REASON "these libraries were not found: ${_interchoice_missing}")
    else()
      foreach(_interchoice_name IN ITEMS torch_cuda c10_cuda)
        add_library(InterchoiceTorch::${_interchoice_name} SHARED IMPORTED)
        set_target_properties(InterchoiceTorch::${_interchoice_name} PROPERTIES
          IMPORTED_LOCATION "${InterchoiceTorch_LIBRARY_DIR}/lib${_interchoice_name}.so"
          IMPORTED_SONAME "lib${_interchoice_name}.so")
      endforeach()
      # No symbol of libtorch_cuda is named by a program: its kernels register themselves when it is
      # loaded, so the linker must not drop it.
      set(_interchoice_kept "-Wl,--push-state,--no-as-needed")
      string(APPEND _interchoice_kept ",${InterchoiceTorch_LIBRARY_DIR}/libtorch_cuda.so")
      string(APPEND _interchoice_kept ",${InterchoiceTorch_LIBRARY_DIR}/libc10_cuda.so,--pop-state")
      set(_interchoice_rpath_links "")
      foreach(_interchoice_path IN LISTS _interchoice_cuda_dirs)
        list(APPEND _interchoice_rpath_links "LINKER:-rpath-link,${_interchoice_path}")
      endforeach()
      add_library(InterchoiceTorch::cuda INTERFACE IMPORTED)
      set_target_properties(InterchoiceTorch::cuda PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${_interchoice_cuda_include}"
        INTERFACE_LINK_OPTIONS "${_interchoice_rpath_links}"
        INTERFACE_LINK_LIBRARIES InterchoiceTorch::torch)
      set_property(TARGET InterchoiceTorch::cuda APPEND PROPERTY INTERFACE_LINK_LIBRARIES
        "${_interchoice_kept}" InterchoiceTorch::torch_cuda InterchoiceTorch::c10_cuda)
    endif()
  endif()
endif()
if(TARGET InterchoiceTorch::cuda)
  set(InterchoiceTorch_cuda_FOUND TRUE)
endif()

string(CONCAT _interchoice_torch_reason
  "libtorch was not found. Set CMAKE_PREFIX_PATH to one (an unpacked libtorch archive, or the folder "
  "that holds the Python package `torch`). interchoice's cmake/bootstrap.sh fetches one.")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(InterchoiceTorch
  REQUIRED_VARS _interchoice_torch_cpu_ok
  VERSION_VAR InterchoiceTorch_VERSION
  HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "${_interchoice_torch_reason}")
mark_as_advanced(InterchoiceTorch_LIBRARY)
