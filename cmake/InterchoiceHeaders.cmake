# The public headers, split at the torch line. Every header below include/ belongs to exactly one list:
# what is not named here as torch-free or as in need of libjpeg-turbo may include libtorch.

file(GLOB_RECURSE interchoice_torch_headers CONFIGURE_DEPENDS
     "${CMAKE_CURRENT_SOURCE_DIR}/include/interchoice/*.hpp")

set(interchoice_core_headers "")
foreach(interchoice_part IN ITEMS
        "version.hpp" "core.hpp" "search.hpp" "core/.*" "spaces/.*" "dependency/.*" "sampling/.*" "stats/.*" "search/.*"
        "data/(central_crop|colour_jitter|crop_augmentation|image|random_resized_crop|resize).hpp"
        "distributed/(detail/work_.*|group_error|launcher|presence|published_text|shared_store|shared_work|work_.*).hpp"
        "evaluation/benchmark_table.hpp" "export/(onnx_model|fold_onnx_batch_norm|traced_size|detail/remove_unused).hpp" "io/(atomic_file|csv|file_lock|input_file|detail/(csv_.*|descriptor|short_name)).hpp")
  set(interchoice_matching ${interchoice_torch_headers})
  list(FILTER interchoice_matching INCLUDE REGEX "/include/interchoice/${interchoice_part}$")
  list(APPEND interchoice_core_headers ${interchoice_matching})
endforeach()
list(REMOVE_ITEM interchoice_torch_headers ${interchoice_core_headers} "")

# Those that need CUDA's headers too.
set(interchoice_cuda_headers ${interchoice_torch_headers})
list(FILTER interchoice_cuda_headers INCLUDE REGEX
     "/include/interchoice/(cuda|nn/capture/cuda_graph_recorder|nn/kernels/cuda/(launcher|operators)).hpp$")
list(REMOVE_ITEM interchoice_torch_headers ${interchoice_cuda_headers} "")

# Those that need libjpeg-turbo too.
set(interchoice_jpeg_headers ${interchoice_torch_headers})
list(FILTER interchoice_jpeg_headers INCLUDE REGEX
     "/include/interchoice/data/(jpeg|image_folder|folder_batches|detail/folder_examples).hpp$")
list(REMOVE_ITEM interchoice_torch_headers ${interchoice_jpeg_headers} "")

# Those that need the declarations of Gloo too.
set(interchoice_distributed_headers ${interchoice_torch_headers})
list(FILTER interchoice_distributed_headers INCLUDE REGEX
     "/include/interchoice/distributed/(c10d_transport|join_group|detail/c10d_store).hpp$")
list(REMOVE_ITEM interchoice_torch_headers ${interchoice_distributed_headers} "")
file(GLOB_RECURSE interchoice_gloo_declarations CONFIGURE_DEPENDS
     "${CMAKE_CURRENT_SOURCE_DIR}/include/interchoice/distributed/gloo_declarations/*.h")

# Those that need protozero too.
set(interchoice_export_headers ${interchoice_torch_headers})
list(FILTER interchoice_export_headers INCLUDE REGEX
     "/include/interchoice/export/(write_onnx|write_onnx_model|read_onnx_model|detail/onnx_(decoder|fields)).hpp$")
list(REMOVE_ITEM interchoice_torch_headers ${interchoice_export_headers} "")
