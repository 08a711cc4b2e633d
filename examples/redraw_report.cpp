// Draws a report anew from the numbers and texts that another program wrote, without torch or data:
// after a change of the library, say, or of a title in metrics.json.
//
//   redraw_report FOLDER --out FOLDER2

#include <fmt/core.h>

#include <string>

#include "examples/command_line.hpp"
#include "examples/outputs.hpp"
#include "interchoice/report/read_report.hpp"
#include "interchoice/report/write_report.hpp"

int main(int argc, char** argv) {
  std::string folder;
  std::string out;
  CLI::App app("Draws a report anew from its metrics.json and predictions.csv.", "redraw_report");
  app.add_option("folder", folder, "of a report")->required()->check(CLI::ExistingDirectory);
  app.add_option("--out", out, "folder of the new report")->required();
  return examples::run_program(app, argc, argv, [&] {
    const examples::CommandFiles files{.folders = {{"--out", out, examples::kReportFiles}},
                                       .inputs = {{"the report", folder}}};
    examples::require_different(files);
    const interchoice::Report report = interchoice::read_report(folder);
    const examples::Outputs outputs(files);
    interchoice::write_report(out, report);
    examples::say("{}/report.html\n", out);
  });
}
