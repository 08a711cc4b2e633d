// The code of docs/how-to/reports.md.

#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/read_report.hpp"
#include "interchoice/report/write_report.hpp"

namespace ic = interchoice;

using Runs = std::vector<std::vector<double>>;  // predictions of every architecture, for each seed

ic::Report report_of(std::vector<std::string> architectures, std::vector<double> truth, Runs none,
                     Runs bias, std::vector<double> parameters) {
  ic::Report report;
  report.title = "only convolutions";
  report.architectures = std::move(architectures);
  report.truth = std::move(truth);  // larger is better
  report.truth_label = "test accuracy";
  report.truth_unit = "%";
  report.predictors = {{.label = "none", .runs = std::move(none)},
                       {.label = "bias<1>", .runs = std::move(bias)},
                       {.label = "parameters", .runs = {std::move(parameters)}, .baseline = true}};
  return report;
}

void redraw(const std::string& folder, const std::string& title) {
  ic::Report report = ic::read_report(folder);
  report.title = title;
  ic::write_report(folder, report);
}
