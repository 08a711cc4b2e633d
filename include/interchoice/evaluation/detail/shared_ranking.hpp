#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interchoice/distributed/group.hpp"
#include "interchoice/distributed/group_error.hpp"
#include "interchoice/distributed/shared_work.hpp"
#include "interchoice/distributed/work_list.hpp"
#include "interchoice/evaluation/detail/evaluation.hpp"
#include "interchoice/evaluation/sharing_plan.hpp"

namespace interchoice::detail {

/// Architectures shared out among the ranks of a group; a group of one evaluates all of them at
/// once. Accuracies go from rank to rank as their bytes.
class SharedRanking {
 public:
  using Result = std::function<bool(std::size_t position, double accuracy)>;
  /// Evaluates architectures of these indices.
  using Evaluate = std::function<void(const std::vector<std::size_t>& indices, const Result&)>;

  /// `deliver` takes each result once, on rank 0, by its position among all that are evaluated.
  SharedRanking(const Group& group, const std::function<bool()>& stop,
                std::function<void(std::size_t position, double accuracy)> deliver)
      : work_(group.store(),
              {.name = fmt::format("ranking/{}", group.next_number()),
               .rank = group.rank(),
               .size = group.size(),
               .fate = [group](std::size_t rank) { return group.fate(rank); },
               .deliver =
                   [this, deliver = std::move(deliver)](std::size_t task, std::string_view bytes) {
                     double accuracy = 0;
                     std::memcpy(&accuracy, bytes.data(), sizeof accuracy);
                     deliver(order_[task], accuracy);
                   }},
              stop) {}

  /// Calls this, and tells the other ranks what goes wrong.
  template <class Call>
  auto on_all(const Call& call) {
    try {
      return call();
    } catch (const GroupError&) {  // they know
      throw;
    } catch (const std::exception& error) {
      const std::string_view text = error.what();
      work_.fail(std::string(text.substr(0, text.find('\n'))));
      throw;
    } catch (...) {
      work_.fail("an exception of no standard type");
      throw;
    }
  }

  /// Those of the indices below `size` that rank 0 has.
  std::vector<std::size_t> of_first(const std::vector<std::size_t>& indices, std::size_t size) {
    const std::string bits = work_.text_of_first([&] {
      std::string text(size / 8 + 1, '\0');
      for (const std::size_t i : indices) text[i / 8] |= static_cast<char>(1 << i % 8);
      return text;
    });
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < size; ++i) {
      if ((bits[i / 8] >> i % 8 & 1) != 0) all.push_back(i);
    }
    return all;
  }

  /// Evaluates the architectures of these indices, which are the same on all ranks. Where prefixes
  /// are shared, those with common ones stay together.
  void run(const Evaluation& evaluation, const std::vector<std::size_t>& indices,
           bool shares_prefixes, const Evaluate& evaluate) {
    std::vector<std::size_t> common;
    order_.resize(indices.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (shares_prefixes && work_.size() > 1) {
      std::vector<std::span<const std::uint8_t>> architectures;
      for (const std::size_t i : indices) architectures.push_back(evaluation.candidates(i));
      const SharingPlan plan(evaluation.segments, architectures, evaluation.choice_count, {},
                             std::numeric_limits<double>::infinity());
      order_ = plan.order();
      common = plan.common();
    }
    work_.run(WorkList(indices.size(), work_.size(), common),
              [&](WorkRange range, const SharedWork::Result& result) {
                std::vector<std::size_t> part;
                for (std::size_t i = range.first; i < range.last; ++i) {
                  part.push_back(indices[order_[i]]);
                }
                evaluate(part, [&](std::size_t position, double accuracy) {
                  const auto* const bytes = reinterpret_cast<const char*>(&accuracy);
                  return result(range.first + position, {bytes, sizeof accuracy});
                });
              });
  }

  /// The accuracies that rank 0 has, on all ranks.
  std::vector<std::optional<double>> of_first(
      const std::vector<std::optional<double>>& accuracies) {
    const std::string bytes = work_.end([&] {
      std::string text(accuracies.size() * sizeof(double), '\0');
      for (std::size_t i = 0; i < accuracies.size(); ++i) {
        const double value = accuracies[i].value_or(std::numeric_limits<double>::quiet_NaN());
        std::memcpy(text.data() + i * sizeof value, &value, sizeof value);
      }
      return text;
    });
    std::vector<std::optional<double>> all(accuracies.size());
    for (std::size_t i = 0; i < all.size() && (i + 1) * sizeof(double) <= bytes.size(); ++i) {
      double value = 0;
      std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
      if (!std::isnan(value)) all[i] = value;
    }
    return all;
  }

 private:
  std::vector<std::size_t> order_;  // positions in the order of the tasks
  SharedWork work_;
};

}  // namespace interchoice::detail
