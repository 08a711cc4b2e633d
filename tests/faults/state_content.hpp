#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "interchoice/io/safetensors.hpp"
#include "interchoice/training/detail/training_file.hpp"

namespace interchoice::testing {

inline std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor data = tensor.detach().contiguous();
  return {static_cast<const char*>(data.const_data_ptr()), data.nbytes()};
}

/// All that a training's state says, as text; without the seconds that its steps took
/// unless `exactly`.
inline std::string content_of_state(const std::filesystem::path& path, bool exactly) {
  const TensorFile file = read_tensor_file(path);
  detail::TrainingFacts facts = detail::parse_training_facts(path, file);
  if (!exactly) {
    facts.done.sums.seconds = 0;
    for (EpochRecord& epoch : facts.done.epochs) epoch.seconds = 0;
  }
  std::string text = detail::to_json(facts).dump();
  for (const auto& [name, tensor] : file.tensors) text += name + bytes_of(tensor);
  for (const auto& [name, value] : file.metadata) {
    if (exactly || name != detail::kTrainingKey) {
      text += name + '=' + value + '|';
    }
  }
  return text;
}

}  // namespace interchoice::testing
