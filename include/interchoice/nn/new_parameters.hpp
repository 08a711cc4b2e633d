#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace interchoice {

/// A parameter that came into being during training, and the one it is a copy of.
struct NewParameter {
  std::string name;
  at::Tensor parameter;
  at::Tensor source;
};

/// The parameters that a split added; `add_new_parameters` gives them to an optimizer.
class NewParameters {
 public:
  bool empty() const { return parameters_.empty(); }
  std::size_t size() const { return parameters_.size(); }
  auto begin() const { return parameters_.begin(); }
  auto end() const { return parameters_.end(); }

  void push_back(NewParameter parameter) { parameters_.push_back(std::move(parameter)); }
  /// Adds others, with the prefix before their names.
  void append(const NewParameters& other, const std::string& prefix) {
    for (NewParameter parameter : other) {
      parameter.name = prefix + parameter.name;
      parameters_.push_back(std::move(parameter));
    }
  }

 private:
  std::vector<NewParameter> parameters_;
};

}  // namespace interchoice
