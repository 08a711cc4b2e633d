#pragma once

// A study as a file: what is compared, on what, with how many seeds, and what counts as a result.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "examples/study/experiment_plan.hpp"
#include "examples/training_free.hpp"

namespace examples {

/// Which differences a study is about, written down before its runs.
struct StudyAnalysis {
  double alpha = 0.05;  ///< of all tests together
  double power = 0.8;   ///< at which detectable differences are told
  /// The smallest differences that would matter.
  double tau_b = 0.05;
  double improvement = 0.1;
  /// Whether what super-networks add to scores, and scores to them, is tested, too.
  bool stacked = false;
};

/// A study: every method with every seed, in every restriction of the space and for every number of
/// epochs. The first method is the one that others are compared with.
///
/// A JSON file with the members below under the same names, all of which but `title`, `methods` and
/// `column` may be left out; a method has `label`, `policy`, `split_at` (fractions of the epochs),
/// `tables` (`rate`, `weight_decay`, `from`), `momentum` (`"context"` or a choice), `weights_seed`,
/// `paths_seed`, `without_tables`.
struct StudyFile {
  std::string title;
  std::string question;  ///< paragraphs at the head of the page
  std::string network = "nasbench201";
  NetworkSizes sizes = {};
  std::int64_t images = 0;      ///< of training; 0: all
  std::int64_t validation = 0;  ///< images; 0: all
  std::string augmentation = "usual";
  std::vector<std::string> restrictions = {"all"};
  std::uint64_t architectures = 200;  ///< a random sample where there are more
  std::vector<std::size_t> epochs = {20};
  std::int64_t batch = 32;
  NamedOptimizer optimizer = {};
  double learning_rate = 0.025;
  std::int64_t calibration_batches = 20;
  std::int64_t calibration_batch = 0;  ///< images of each; 0: as for training
  std::uint64_t seeds = 10;
  std::vector<Method> methods;
  ScoreOptions scores = {.names = {}};  ///< a list of names in the file
  std::uint64_t score_seeds = 1;        ///< of the fresh weights of the scores, 0 and up
  std::string column;                   ///< of the table of ground truth
  std::string truth_label;
  std::string unit = "%";
  StudyAnalysis analysis = {};

  /// *Throws* std::runtime_error with the path, the place in the file and what must be there.
  static StudyFile read(const std::filesystem::path& path);

  /// The experiments, on data of --data: restriction by restriction, the shortest training first.
  ///
  /// *Throws* std::runtime_error for a method whose networks have no tables to leave out, or that
  /// its optimizer refuses.
  std::vector<Experiment> experiments(const std::string& data) const;
};

}  // namespace examples
