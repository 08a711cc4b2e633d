#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace interchoice {

/// Labelled images in memory, as bytes; the data readers return them.
///
/// *Shapes*: `images` uint8 [N, C, H, W], `labels` int64 [N]; both contiguous, on the CPU.
///
/// *Units*: a pixel value v means the brightness v / `white`.
struct ImageSet {
  at::Tensor images;
  at::Tensor labels;
  std::int64_t classes = 0;  ///< labels are 0 to classes - 1
  double white = 255;

  std::int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

/// Checks everything that `ImageSet` promises except that no pixel is beyond white.
///
/// *Throws*: `c10::Error` that names what is wrong.
inline void check_image_set(const ImageSet& set) {
  TORCH_CHECK(set.images.defined() && set.labels.defined(),
              "interchoice: image set without images or labels");
  TORCH_CHECK(set.images.dim() == 4 && set.images.scalar_type() == at::kByte,
              "interchoice: images are ", set.images.scalar_type(), " ", set.images.sizes(),
              "; uint8 [N, C, H, W] is needed");
  TORCH_CHECK(set.labels.dim() == 1 && set.labels.scalar_type() == at::kLong &&
                  set.labels.size(0) == set.images.size(0),
              "interchoice: labels are ", set.labels.scalar_type(), " ", set.labels.sizes(),
              " for ", set.images.size(0), " images; int64 [", set.images.size(0), "] is needed");
  TORCH_CHECK(set.images.device().is_cpu() && set.labels.device().is_cpu(),
              "interchoice: the image set is on ", set.images.device(),
              "; keep it on the CPU and move the batches");
  TORCH_CHECK(set.images.is_contiguous() && set.labels.is_contiguous(),
              "interchoice: images and labels must be contiguous; call contiguous() on them");
  TORCH_CHECK(set.images.numel() > 0, "interchoice: images are ", set.images.sizes(),
              "; at least one pixel is needed");
  TORCH_CHECK(set.white > 0, "interchoice: white is ", set.white, "; it must be positive");
  const std::int64_t* const labels = set.labels.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < set.size(); ++i) {
    TORCH_CHECK(labels[i] >= 0 && labels[i] < set.classes, "interchoice: image ", i, " has label ",
                labels[i], "; with ", set.classes, " classes a label is 0 to ", set.classes - 1);
  }
}

/// The images of the given indices, in their order; an index may come more than once. A copy.
///
/// *Throws*: `c10::Error` if an index is outside the set.
inline ImageSet subset(const ImageSet& set, std::span<const std::int64_t> indices) {
  for (const std::int64_t index : indices) {
    TORCH_CHECK(index >= 0 && index < set.size(), "interchoice: subset with image ", index,
                "; the set has images 0 to ", set.size() - 1);
  }
  const at::Tensor chosen =
      at::empty({static_cast<std::int64_t>(indices.size())}, at::TensorOptions(at::kLong));
  std::copy(indices.begin(), indices.end(), chosen.mutable_data_ptr<std::int64_t>());
  return {at::index_select(set.images, 0, chosen), at::index_select(set.labels, 0, chosen),
          set.classes, set.white};
}

/// The first n images. Shares the set's memory.
///
/// *Throws*: `c10::Error` unless 0 <= n <= size.
inline ImageSet first_images(const ImageSet& set, std::int64_t n) {
  TORCH_CHECK(n >= 0 && n <= set.size(), "interchoice: the first ", n, " images of a set of ",
              set.size(), "; ask for 0 to ", set.size());
  return {set.images.narrow(0, 0, n), set.labels.narrow(0, 0, n), set.classes, set.white};
}

/// The last n images. Shares the set's memory.
///
/// *Throws*: `c10::Error` unless 0 <= n <= size.
inline ImageSet last_images(const ImageSet& set, std::int64_t n) {
  TORCH_CHECK(n >= 0 && n <= set.size(), "interchoice: the last ", n, " images of a set of ",
              set.size(), "; ask for 0 to ", set.size());
  return {set.images.narrow(0, set.size() - n, n), set.labels.narrow(0, set.size() - n, n),
          set.classes, set.white};
}

}  // namespace interchoice
