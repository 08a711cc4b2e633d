#pragma once

// The accuracy that a trained super-network predicts, asked for one architecture at a time, and
// computed for many.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "examples/networks/supernet_file.hpp"
#include "examples/search/search_options.hpp"
#include "interchoice/evaluation/result_log.hpp"

namespace examples {

/// Validation accuracies in %, as rank_architectures predicts them, of architectures as texts.
///
/// Each is computed once and kept in a CSV file, which also serves the next process. The file says
/// of which network, images and batch it is, and is refused by any other. Architectures that
/// are isomorphic are evaluated once. No file is made before the first question. Its lines are in
/// the order of the questions, whether or not answers were prepared.
class SupernetAccuracy {
 public:
  /// Loads the network; `results` is the file of its answers.
  SupernetAccuracy(const SupernetOptions& options, const Workplace& workplace,
                   std::filesystem::path results);

  double operator()(const std::string& architecture);

  /// Computes what will be asked next, in this order.
  void prepare(const std::vector<std::string>& architectures, const Preparation& how);

  /// What the ranks do whose first one searches: they compute what it prepares, until it is done.
  void serve();
  /// Ends that, on the first rank; returns once the others know, which keeps the store there.
  void dismiss() const;

 private:
  void open_log();
  // Into `accuracies_`; `was_added` is called after each.
  void evaluate(const std::vector<std::string>& architectures, const Preparation& how,
                const std::function<void()>& was_added);
  // A single architecture is not worth asking the other ranks.
  void rank(const std::vector<std::string>& architectures, const Preparation& how,
            const std::function<double(const std::string&, double)>& add);
  // Nothing once the search is over.
  std::optional<std::string> next_list();
  double keep(const std::string& architecture);

  SupernetFile file_;
  ProgramData data_;
  std::int64_t batch_;
  ic::Group group_;
  std::size_t lists_ = 0;  // of architectures that all ranks compute
  std::filesystem::path results_;
  std::unique_ptr<AnySupernet> net_;
  std::map<std::string, double> accuracies_;  // by canonical form
  std::optional<ic::ResultLog> log_;
};

}  // namespace examples
