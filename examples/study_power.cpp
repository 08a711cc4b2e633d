// Plans a comparison of two methods that are run with the same seeds: which difference so many
// seeds find, and how many seeds a difference needs. No libtorch, no data; Markdown on standard
// output.
//
//   study_power --sd 0.05,0.08,0.11 --effect 0.05,0.1 --alpha 0.05 --power 0.8 --tests 4
//
// --sd is the standard deviation that the differences of the pairs are expected to have. If the
// methods vary by s1 and s2 over seeds, and their values correlate by r, it is
// sqrt(s1² + s2² - 2 r s1 s2): s sqrt(2 (1 - r)) for equal ones.
//
// --tests is the number of tests that are adjusted together by Holm's procedure. Its first step
// holds the smallest p value to alpha / tests: the worst case for a difference that is the only
// one.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/number_options.hpp"
#include "interchoice/stats/power.hpp"

namespace {

namespace ic = interchoice;

struct Options {
  std::vector<double> deviations;
  std::vector<double> effects;
  std::vector<std::size_t> pairs = {3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64};
  double alpha = 0.05;
  double power = 0.8;
  std::size_t tests = 1;

  /// The levels of a test alone, and of Holm's first step where there are several.
  std::vector<double> levels() const {
    if (tests == 1) return {alpha};
    return {alpha, alpha / static_cast<double>(tests)};
  }

  std::string level_text(double level) const {
    return level == alpha ? std::string("one test") : fmt::format("first of {}", tests);
  }
};

/// A row of a Markdown table.
std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

std::string head(const std::vector<std::string>& cells) {
  return row(cells) + row(std::vector<std::string>(cells.size(), "---"));
}

/// The smallest difference that is found with so many seeds: a row for each number of seeds.
std::string difference_table(const Options& options) {
  std::vector<std::string> names = {"seeds"};
  for (const double deviation : options.deviations) {
    for (const double level : options.levels()) {
      names.push_back(fmt::format("sd {}, {}", deviation, options.level_text(level)));
    }
  }
  std::string text = head(names);
  for (const std::size_t pairs : options.pairs) {
    std::vector<std::string> cells = {fmt::format("{}", pairs)};
    for (const double deviation : options.deviations) {
      for (const double level : options.levels()) {
        const ic::PlannedTest test{.standard_deviation = deviation, .alpha = level};
        cells.push_back(
            fmt::format("{:.3g}", ic::detectable_difference(test, pairs, options.power)));
      }
    }
    text += row(cells);
  }
  return text;
}

/// The seeds that each difference needs: a row for each standard deviation and difference.
std::string pairs_table(const Options& options) {
  std::vector<std::string> names = {"sd", "difference", "difference / sd"};
  for (const double level : options.levels()) {
    names.push_back("seeds, " + options.level_text(level));
  }
  std::string text = head(names);
  for (const double deviation : options.deviations) {
    for (const double effect : options.effects) {
      std::vector<std::string> cells = {fmt::format("{}", deviation), fmt::format("{}", effect),
                                        fmt::format("{:.3g}", effect / deviation)};
      for (const double level : options.levels()) {
        const ic::PlannedTest test{.standard_deviation = deviation, .alpha = level};
        cells.push_back(fmt::format("{}", ic::pairs_needed(test, effect, options.power)));
      }
      text += row(cells);
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Plans how many seeds a paired comparison of two methods needs.", "study_power");
  app.add_option("--sd", options.deviations, "expected standard deviations of the differences")
      ->required()
      ->delimiter(',')
      ->check(examples::positive_number());
  app.add_option("--effect", options.effects, "differences to find, in the unit of --sd")
      ->delimiter(',')
      ->check(examples::positive_number());
  app.add_option("--pairs", options.pairs, "numbers of seeds, each run with both methods")
      ->delimiter(',')
      ->capture_default_str()
      ->check(examples::whole_number(2, 1'000'000'000));
  app.add_option("--alpha", options.alpha, "level of the family of tests")
      ->capture_default_str()
      ->check(examples::number_within(1e-12, 0.5));
  app.add_option("--power", options.power, "probability to find the difference; above --alpha")
      ->capture_default_str()
      ->check(examples::number_within(0.01, 0.9999));
  app.add_option("--tests", options.tests, "tests that Holm's procedure adjusts together")
      ->capture_default_str()
      ->check(examples::whole_number(1, 1'000'000));
  return examples::run_program(app, argc, argv, [&] {
    if (options.power <= options.alpha) {
      throw examples::UsageError(
          fmt::format("--power {} is not above --alpha {}, which a test "
                      "reaches without any difference",
                      options.power, options.alpha));
    }
    std::string setting =
        fmt::format("Paired two-sided t test, alpha {}, power {}", options.alpha, options.power);
    if (options.tests > 1) {
      setting += fmt::format("; Holm's first step of {} tests: alpha {:.4g}", options.tests,
                             options.levels().back());
    }
    std::string text = fmt::format("{}.\n\nThe smallest difference that is found:\n\n{}", setting,
                                   difference_table(options));
    if (!options.effects.empty()) {
      text += "\nThe seeds that a difference needs:\n\n" + pairs_table(options);
    }
    examples::say("{}", text);
  });
}
