// The paper's claims, tested on the super-networks of figures 4 and 5: nothing is trained where
// those have run with the same --out.
//
// How they are tested is in paper_claims.hpp. What the bootstrap over architectures says of these
// very networks is shown without a test: those of other seeds would differ by more.
//
// Data: CIFAR-10's binary files; NAS-Bench-201's and NAS-Bench-Macro's tables as CSV.
// Command: claims --budget cpu --data cifar10:FOLDER --truth nasbench201.csv
//                 --macro-truth nas-bench-macro.csv
// Expected: reproduction/claims/index.html; docs/reproduction.md has it.

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "examples/number_options.hpp"
#include "examples/reproduce/paper_claims.hpp"
#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "examples/study/difference_cells.hpp"
#include "interchoice/stats/bootstrap.hpp"
#include "interchoice/stats/self_consistency.hpp"

namespace {

using namespace reproduce;
using ic::figures::fixed_text;

struct ClaimsData : FullData {
  double price = 0.04;  ///< of a core hour, in USD
};

void add_data_options(CLI::App& app, ClaimsData& data) {
  reproduce::add_data_options(app, data);
  app.add_option("--price", data.price,
                 "what an hour of one processor core is assumed to cost, in USD")
      ->check(examples::number_within(0, 1e6))
      ->capture_default_str();
}

/// A claim's verdict, or which of its tests say what.
std::string sentence_of(const PaperClaim& claim, std::size_t seeds) {
  if (claim.tests.empty()) {
    return claim.text + (seeds < claim.fewest_seeds()
                             ? fmt::format(": undecided, as a test takes {} seeds; there are {}.",
                                           claim.fewest_seeds(), seeds)
                             : std::string(": undecided, as its space was left out."));
  }
  std::vector<std::pair<std::string, std::string>> verdicts;  // with their tests
  for (const PaperTest& test : claim.tests) {
    const std::string verdict = verdict_text(claim, test);
    auto place = std::ranges::find(verdicts, verdict, [](const auto& one) { return one.first; });
    if (place == verdicts.end()) place = verdicts.insert(place, {verdict, ""});
    place->second +=
        fmt::format("{}{} in {}", place->second.empty() ? "" : "; ", test.what, test.where);
  }
  if (verdicts.size() == 1) return fmt::format("{}: {}.", claim.text, verdicts.front().first);
  std::string text;
  for (const auto& [verdict, tests] : verdicts) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", verdict, tests);
  }
  return fmt::format("{}: {}.", claim.text, text);
}

std::vector<std::string> conclusion_of(const std::vector<PaperClaim>& claims,
                                       const TrainingCost& cost, std::uint64_t seeds,
                                       double price) {
  std::vector<std::string> sentences;
  std::vector<double> detectable;  // of tau-b
  std::size_t family = 0;
  for (const PaperClaim& claim : claims) {
    sentences.push_back(sentence_of(claim, seeds));
    for (const PaperTest& test : claim.tests) {
      if (!test.has_spread()) continue;
      ++family;
      if (test.smallest != kAnalysis.tau_b) continue;
      detectable.push_back(examples::detectable(test.difference, kAnalysis));
    }
  }
  if (!detectable.empty()) {
    const auto [least, most] = std::ranges::minmax(detectable);
    sentences.push_back(fmt::format(
        "{} seeds; {} tests, the probability of even one false “better” or “worse” is {}. Alone, "
        "each test of tau-b finds a difference of {} to {} with probability {}; together they find "
        "less.",
        seeds, family, kAnalysis.alpha, fixed_text(least, 2), fixed_text(most, 2),
        kAnalysis.power));
  }
  const double hours = cost.seconds / 3600;
  sentences.push_back(
      fmt::format("{} super-networks were trained in {} core hours: {} USD at an assumed {} USD an "
                  "hour.",
                  cost.networks, fixed_text(hours, 2), fixed_text(price * hours, 2), price));
  return sentences;
}

ic::figures::Table tests_table(const std::vector<PaperClaim>& claims) {
  ic::figures::Table table{{"", "space", "units"}, {}};
  for (const auto& title : examples::difference_titles()) table.header.push_back(title);
  table.header.insert(table.header.end(), {"p, Holm", "the claim is"});
  for (const PaperClaim& claim : claims) {
    ic::figures::RowGroup group{.heading = claim.text, .rows = {}};
    for (const PaperTest& test : claim.tests) {
      std::vector<ic::figures::Cell> row{
          {test.what}, {test.where}, {fmt::format("{}", test.difference.pairs)}};
      const auto cells = examples::difference_cells(
          test.difference, examples::detectable(test.difference, kAnalysis));
      row.insert(row.end(), cells.begin(), cells.end());
      row.push_back({test.has_spread() ? examples::p_text(test.outcome.adjusted_p) : "–"});
      row.push_back({.text = verdict_text(claim, test),
                     .detail = test.outcome.verdict == ic::Verdict::kEquivalent
                                   ? "no difference that matters"
                                   : ""});
      group.rows.push_back(std::move(row));
    }
    if (!group.rows.empty()) table.groups.push_back(std::move(group));
  }
  return table;
}

/// The bootstrap over architectures of a number of whole super-networks:
/// `statistic(values_of, truth)`, where `values_of(predictor)` are its runs' drawn predictions.
template <class Statistic>
ic::figures::Cell over_architectures(const std::vector<double>& truth, const Statistic& statistic) {
  std::vector<double> places(truth.size());
  std::iota(places.begin(), places.end(), 0.0);
  const ic::ConfidenceInterval interval = ic::bootstrap(
      places, truth, [&](std::span<const double> drawn, std::span<const double> drawn_truth) {
        const auto values_of = [&](const ic::Predictor& predictor) {
          std::vector<std::vector<double>> runs;
          for (const auto& run : predictor.runs) {
            auto& values = runs.emplace_back();
            for (const double place : drawn) values.push_back(run[static_cast<std::size_t>(place)]);
          }
          return runs;
        };
        return statistic(values_of, drawn_truth);
      });
  return {.text = fixed_text(interval.estimate, 3),
          .detail = "[" + fixed_text(interval.low, 3) + ", " + fixed_text(interval.high, 3) + "]"};
}

/// Agreement and ensembles of all seeds of these networks.
ic::figures::Table networks_table(const std::vector<const ic::Report*>& reports) {
  ic::figures::Table table{
      {"", "agreement of two seeds,\nless the baseline's", "tau-b of the ensemble,\nless single"},
      {}};
  for (const ic::Report* report : reports) {
    ic::figures::RowGroup group{.heading = report->title, .rows = {}};
    const ic::Predictor& baseline = report->predictors.front();
    for (const ic::Predictor& predictor : report->predictors) {
      if (predictor.baseline || predictor.runs.size() < 2) continue;
      std::vector<ic::figures::Cell> row{{predictor.label}, {""}};
      if (&predictor != &baseline) {
        row[1] =
            over_architectures(report->truth, [&](const auto& values_of, std::span<const double>) {
              return ic::self_consistency(values_of(predictor)).mean() -
                     ic::self_consistency(values_of(baseline)).mean();
            });
      }
      row.push_back(over_architectures(report->truth,
                                       [&](const auto& values_of, std::span<const double> truth) {
                                         const auto runs = values_of(predictor);
                                         double mean = 0;
                                         for (const auto& run : runs) mean += tau_b(run, truth);
                                         return tau_b(ic::mean_of_predictions(runs), truth) -
                                                mean / static_cast<double>(runs.size());
                                       }));
      group.rows.push_back(std::move(row));
    }
    if (!group.rows.empty()) table.groups.push_back(std::move(group));
  }
  return table;
}

void run(const StudyOptions& options, const ClaimsData& data, const std::string& command) {
  StudyRuns runs(place_of(options));
  const FullReports reports = full_reports(runs, data, options.budget);
  std::vector<PaperClaim> claims = claims_of(reports);
  decide(claims);
  ResultPage page(options.page, "The paper's claims",
                  "Super-networks of figures 4 and 5 of the budget " + to_text(options.budget) +
                      ", beside what the paper claims of its own.");
  page.conclusion(conclusion_of(claims, reports.cost, options.seeds, data.price));
  page.heading("The tests");
  page.table(
      "claims", tests_table(claims),
      fmt::format("Differences from the baseline, of the same seeds; (f): from the mean of both. A "
                  "unit is one seed, in (e) and (f) two that no other unit has. With few units the "
                  "t test finds large differences only, and the sign-flip test, which needs no "
                  "normal distribution, can say nothing below 2 / 2^units. Detectable: by the test "
                  "alone, with probability {}, at the spread that was seen, which of few seeds is "
                  "itself a guess. Holm's procedure over all tests. Confirmed and contradicted: by "
                  "a difference of a sign that is beyond doubt, or since one of {} (tau-b), {} "
                  "(improvement) is excluded.",
                  kAnalysis.power, kAnalysis.tau_b, kAnalysis.improvement));
  std::vector<const ic::Report*> all;
  for (const ic::Report& report : reports.nasbench201) all.push_back(&report);
  if (reports.macro) all.push_back(&*reports.macro);
  page.heading("These networks");
  page.table("networks", networks_table(all),
             "All seeds. 95 % bootstrap intervals over architectures: how far the numbers rest on "
             "the architectures that were evaluated. Networks of other seeds would give others, so "
             "nothing is tested here.");
  page.finish({{"command", command},
               {"core hours",
                "the time of the trainings, which have one thread each unless "
                "--threads says more; ranking comes on top"}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv,
      {"claims", "Tests the paper's claims on the networks of figures 4 and 5.", "claims"}, run);
}
