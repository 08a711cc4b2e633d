#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "interchoice/io/safetensors.hpp"
#include "interchoice/training/resumable_training.hpp"

namespace interchoice::testing {

inline std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor data = tensor.detach().contiguous();
  return {static_cast<const char*>(data.const_data_ptr()), data.nbytes()};
}

/// All that a training's state says, as text; without the seconds that its epochs took, and the
/// texts and the digest that hold them, unless `exactly`.
inline std::string content_of_state(const std::filesystem::path& path, bool exactly) {
  const TensorFile file = read_tensor_file(path);
  const detail::TrainingFacts facts = detail::parse_training_facts(path, file);
  std::string text;
  for (const auto& [name, tensor] : file.tensors) text += name + bytes_of(tensor);
  for (const auto& [name, value] : facts.identity) text += name + '=' + value + '|';
  for (const std::string& name : facts.gradients) text += name + '|';
  for (const EpochRecord& epoch : facts.epochs) {
    text += fmt::format("{} {} {} {}|", epoch.epoch, epoch.learning_rate, epoch.loss,
                        epoch.accuracy.value_or(-1));
    if (exactly) text += fmt::format("{}|", epoch.seconds);
  }
  for (const auto& [name, value] : file.metadata) {
    if (exactly || name != detail::kTrainingKey) text += name + '=' + value + '|';
  }
  return text;
}

}  // namespace interchoice::testing
