#pragma once

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace interchoice {

/// The step of a network's tables (`tables_of`) where it is not that of the other weights: a row is
/// in fewer paths than a candidate, and so sees fewer gradients. Part of `Sgd` and `AdamW`.
struct TableStep {
  /// A factor on the learning rate.
  double rate = 1;
  /// Instead of the optimizer's, for those to which `is_decayed` applies it.
  std::optional<double> weight_decay = {};
  /// The fraction of the training's epochs that is done before tables move. Until then their
  /// learning rate is 0; momentum and moments gather.
  double from = 0;

  /// Whether tables move as all weights do.
  bool is_default() const { return *this == TableStep(); }
  /// *Throws* c10::Error for what no training can do.
  void check() const {
    TORCH_CHECK(std::isfinite(rate) && rate >= 0, "interchoice: TableStep::rate is ", rate,
                "; a factor of 0 or more is needed");
    TORCH_CHECK(weight_decay.value_or(0) >= 0, "interchoice: TableStep::weight_decay is ",
                weight_decay.value_or(0), "; 0 or more is needed");
    TORCH_CHECK(from >= 0 && from <= 1, "interchoice: TableStep::from is ", from,
                " of a training's epochs; a fraction from 0 to 1 is needed");
  }
  /// What is not the default: `, tables: rate * 5, weight decay 0, from 0.5`.
  std::string text() const {
    std::string text;
    const auto add = [&](const std::string& fact) {
      text += (text.empty() ? ", tables: " : ", ") + fact;
    };
    if (rate != 1) add(fmt::format("rate * {}", rate));
    if (weight_decay) add(fmt::format("weight decay {}", *weight_decay));
    if (from != 0) add(fmt::format("from {}", from));
    return text;
  }
  friend bool operator==(const TableStep&, const TableStep&) = default;
};

namespace detail {

/// A group of an optimizer whose parameters are tables with a step of their own.
class TableGroup {
 public:
  explicit TableGroup(const TableStep& step) : step_(step) {}
  virtual ~TableGroup() = default;

  const TableStep& step() const { return step_; }
  /// Takes note of the fraction of a training that is done. *Throws* c10::Error without one where
  /// it is needed.
  void note_done(const std::optional<double>& done) {
    TORCH_CHECK(done || step_.from == 0, "interchoice: tables that begin to move after ",
                step_.from,
                " of a training (TableStep::from) need to know how much is done: "
                "set_learning_rate(optimizer, rate, epoch / epochs)");
    done_ = done.value_or(1);
  }

 protected:
  TableGroup(const TableGroup&) = default;
  TableGroup& operator=(const TableGroup&) = default;

  double own_rate(double rate) const { return done_ >= step_.from ? step_.rate * rate : 0; }

 private:
  TableStep step_;
  double done_ = 0;
};

/// The options of such a group: whoever sets its learning rate, as libtorch's schedulers do, too,
/// sets the training's, and `lr()` is the tables' own.
template <class Options>
class TableOptions final : public Options, public TableGroup {
 public:
  TableOptions(const Options& options, const TableStep& step) : Options(options), TableGroup(step) {
    set_lr(options.lr());
  }

  double get_lr() const override { return rate_; }
  void set_lr(double rate) override {
    rate_ = rate;
    this->lr(own_rate(rate));
  }

 private:
  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<TableOptions>(*this);
  }

  double rate_ = 0;  // of the training
};

/// The fraction of a training before which an optimizer's tables stand still.
inline double tables_from(const torch::optim::Optimizer& optimizer) {
  double from = 0;
  for (const auto& group : optimizer.param_groups()) {
    const auto* tables = dynamic_cast<const TableGroup*>(&group.options());
    if (tables != nullptr) from = std::max(from, tables->step().from);
  }
  return from;
}

}  // namespace detail

}  // namespace interchoice
