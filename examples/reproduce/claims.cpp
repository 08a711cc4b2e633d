// The paper's claims, tested on the super-networks of figures 4 and 5: nothing is trained where
// those have run with the same --out. Each claim is a difference with a 95 % bootstrap interval; it
// holds, fails, or is within noise.
//
// Data: CIFAR-10's binary files; NAS-Bench-201's and NAS-Bench-Macro's tables as CSV.
// Command: claims --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
//                 --macro-truth nas-bench-macro.csv
// Expected: reproduction/claims/index.html; docs/reproduction.md has it.

#include <numeric>

#include "examples/reproduce/full_data.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace {

using namespace reproduce;
using Runs = std::vector<std::vector<double>>;
using Metric = double (*)(std::span<const double>, std::span<const double>);

/// The runs of all predictors whose labels begin like this.
Runs runs_of(const ic::Report& report, std::string_view beginning) {
  Runs runs;
  for (const ic::Predictor& predictor : report.predictors) {
    if (!predictor.label.starts_with(beginning)) continue;
    runs.insert(runs.end(), predictor.runs.begin(), predictor.runs.end());
  }
  return runs;
}

/// The bootstrap over architectures of a number of whole super-networks:
/// `statistic(values_of, truth)`, where `values_of(run)` are a run's drawn predictions.
template <class Statistic>
ic::ConfidenceInterval over_architectures(const std::vector<double>& truth,
                                          const Statistic& statistic) {
  std::vector<double> places(truth.size());
  std::iota(places.begin(), places.end(), 0.0);
  return ic::bootstrap(places, truth,
                       [&](std::span<const double> drawn, std::span<const double> drawn_truth) {
                         const auto values_of = [&](const std::vector<double>& run) {
                           std::vector<double> values;
                           for (const double place : drawn)
                             values.push_back(run[static_cast<std::size_t>(place)]);
                           return values;
                         };
                         return statistic(values_of, drawn_truth);
                       });
}

/// Mean self-consistency of a method less that of the baseline.
ic::ConfidenceInterval consistency_difference(const ic::Report& report, std::string_view method) {
  return over_architectures(report.truth, [&](const auto& values_of, std::span<const double>) {
    const auto mean = [&](std::string_view label) {
      Runs drawn;
      for (const auto& run : runs_of(report, label)) drawn.push_back(values_of(run));
      return ic::self_consistency(drawn).mean();
    };
    return mean(method) - mean("baseline");
  });
}

/// Quality of the mean of a method's predictions less the mean quality of its runs.
ic::ConfidenceInterval ensemble_gain(const ic::Report& report, const ic::Predictor& predictor,
                                     Metric metric) {
  return over_architectures(
      report.truth, [&](const auto& values_of, std::span<const double> truth) {
        Runs drawn;
        double mean = 0;
        for (const auto& run : predictor.runs) {
          drawn.push_back(values_of(run));
          mean += metric(drawn.back(), truth) / static_cast<double>(predictor.runs.size());
        }
        return metric(ic::mean_of_predictions(drawn), truth) - mean;
      });
}

class Claims {
 public:
  void begin(const std::string& claim) { table_.groups.push_back({.heading = claim, .rows = {}}); }

  void add(const std::string& what, const ic::ConfidenceInterval& difference,
           const std::string& where) {
    const auto text = [](double value) { return ic::figures::fixed_text(value, 3); };
    table_.groups.back().rows.push_back(
        {{what},
         {where},
         {.text = text(difference.estimate),
          .detail = "[" + text(difference.low) + ", " + text(difference.high) + "]"},
         {verdict(difference)}});
  }

  /// Methods beside the baseline, in both metrics.
  void add_beside_baseline(const ic::Report& report, std::string_view methods,
                           const std::string& label) {
    const Runs runs = runs_of(report, methods);
    if (runs.empty()) return;
    const Runs baseline = runs_of(report, "baseline");
    add(label + ", tau-b", ic::bootstrap_difference(runs, baseline, report.truth, tau_b),
        report.title);
    add(label + ", improvement",
        ic::bootstrap_difference(runs, baseline, report.truth, improvement), report.title);
  }

  const ic::figures::Table& table() const { return table_; }

 private:
  ic::figures::Table table_{{"", "space", "difference", "that is"}, {}};
};

void run(const StudyOptions& options, const FullData& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const FullReports reports = full_reports(runs, data, options.budget);
  Claims claims;
  const auto add_spaces = [&](const std::string& claim, std::string_view space) {
    claims.begin(claim);
    for (const ic::Report& report : reports.nasbench201) {
      if (!report.title.ends_with(space)) continue;
      claims.add_beside_baseline(report, "bias", "bias, all depths");
      claims.add_beside_baseline(report, "split", "split, all epochs");
    }
  };
  add_spaces("(a) the baseline is beaten with convolutions only", "only_conv");
  add_spaces("(b) it is not in the full space", "all");
  if (reports.macro) {
    const ic::Report& macro = *reports.macro;
    claims.begin("(c) sequential networks profit");
    claims.add_beside_baseline(macro, "split", "split, both epochs");
    claims.begin("(d) shift and affine help where bias cannot");
    claims.add_beside_baseline(macro, "shift", "shift D=1");
    claims.add_beside_baseline(macro, "affine", "affine D=1");
  }
  std::vector<const ic::Report*> all;
  for (const ic::Report& report : reports.nasbench201) all.push_back(&report);
  if (reports.macro) all.push_back(&*reports.macro);
  claims.begin("(e) self-consistency falls: mean tau-b of two seeds, beside the baseline's");
  for (const ic::Report* report : all) {
    for (const ic::Predictor& predictor : report->predictors) {
      if (predictor.baseline || predictor.label == "baseline" || predictor.runs.size() < 2)
        continue;
      claims.add(predictor.label, consistency_difference(*report, predictor.label), report->title);
    }
  }
  claims.begin("(f) ensembles help: tau-b of the mean prediction, beside the mean of single ones");
  for (const ic::Report* report : all) {
    for (const ic::Predictor& predictor : report->predictors) {
      if (predictor.baseline || predictor.runs.size() < 2) continue;
      claims.add(predictor.label, ensemble_gain(*report, predictor, tau_b), report->title);
    }
  }
  ResultPage page(
      options.page, "The paper's claims",
      "Differences of Kendall's tau-b and of the normalised improvement of the ten best "
      "by prediction. (a) to (d): runs of all named methods together, 95 % bootstrap "
      "over seeds and architectures; (e) and (f): over architectures.");
  page.table(
      "claims", claims.table(),
      "“Within noise” where the interval holds 0. The claim's words are the paper's; whether "
      "they hold here is in the last column. (b) holds where nothing is better.");
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"claims", "Tests the paper's claims on the networks of figures 4 and 5.", "claims"}, run);
}
