// Shows how trainings and rankings get on while they run: a page that reloads itself, made again
// and again from the files that the programs write.
//
//   watch_report FOLDER [FOLDER...] --out watch.html
//
// It reads *.csv in the folders: the records of trainings (NAME.progress.csv while train_supernet
// runs, NAME.csv when it is done) and the results of rankings (partial-*.csv in the folder of
// rank_architectures). Ctrl-C ends it.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "examples/command_line.hpp"
#include "examples/number_options.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/report/html.hpp"
#include "interchoice/report/line_figure.hpp"
#include "interchoice/report/number_text.hpp"
#include "interchoice/stats/ranks.hpp"
#include "interchoice/training/interrupt.hpp"

namespace {

namespace ic = interchoice;
namespace figures = interchoice::figures;

struct Options {
  std::vector<std::string> folders;
  std::string out = "watch.html";
  std::size_t every = 5;
  bool once = false;
};

/// What is known of all trainings and rankings.
struct Work {
  std::vector<figures::Series> losses, accuracies, rates;  // a training each
  std::vector<std::pair<std::string, ic::CsvTable>> rankings;

  /// Adds what a file tells; of a file that is no record of either, nothing. A line that another
  /// process is writing is left for the next time.
  void add(const std::filesystem::path& path) {
    std::string text = ic::InputFile(path).text(ic::CsvTable::kMostBytes);
    text.resize(text.rfind('\n') + 1);
    const bool is_training = text.starts_with("epoch,learning_rate,loss,accuracy,");
    if (!is_training && !text.starts_with("arch,accuracy,")) return;
    const ic::CsvTable table = ic::CsvTable::parse(text, path.string());
    if (table.size() == 0) return;
    if (!is_training) {
      rankings.emplace_back(path.string(), table);
      return;
    }
    std::vector<double> epochs = table.numbers("epoch"), accuracy = table.numbers("accuracy");
    for (double& epoch : epochs) ++epoch;
    for (double& fraction : accuracy) fraction *= 100;
    losses.push_back({path.string(), epochs, table.numbers("loss")});
    accuracies.push_back({path.string(), epochs, accuracy});
    rates.push_back({path.string(), epochs, table.numbers("learning_rate")});
  }
};

Work work_in(const std::vector<std::string>& folders) {
  std::set<std::filesystem::path> paths;  // in an order that stays
  for (const std::string& folder : folders) {
    std::error_code error;  // a folder may come later than this program
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".csv") paths.insert(entry.path());
    }
  }
  Work work;
  for (const auto& path : paths) {
    try {
      work.add(path);
    } catch (const std::runtime_error& error) {  // the others can be shown
      examples::print_message("watch_report", error.what());
    }
  }
  return work;
}

void add_trainings(figures::HtmlPage& page, const Work& work) {
  figures::SeriesStyles styles;
  for (const figures::Series& series : work.losses) {
    styles.add(series.label, figures::series_style(styles.size()));
  }
  const figures::Quantity epochs{.title = "epoch (number)", .counts = true};
  page.heading("Trainings");
  page.figure("training",
              figures::line_figure("Loss, accuracy and learning rate over the epochs",
                                   {{"", epochs, {"training loss"}, work.losses},
                                    {"", epochs, {"accuracy [%]"}, work.accuracies},
                                    {"", epochs, {"learning rate"}, work.rates}},
                                   styles, 2, 200),
              "Of the training batches, a point for each epoch that is done.");
}

void add_ranking(figures::HtmlPage& page, const std::string& name, const ic::CsvTable& table) {
  const auto architectures = table.texts("arch");
  const auto accuracies = table.numbers("accuracy");
  figures::Table best{{"architecture", "predicted accuracy [%]"}, {{"", {}}}};
  const auto order = ic::best_first(accuracies);
  for (std::size_t i = 0; i < std::min<std::size_t>(10, order.size()); ++i) {
    best.groups.front().rows.push_back(
        {{architectures[order[i]]}, {figures::fixed_text(100 * accuracies[order[i]], 2)}});
  }
  page.heading("Ranking: " + name);
  page.table(best);
  page.note(fmt::format("The best of {} architectures that are evaluated so far.",
                        figures::count_text(order.size())));
}

std::string page_of(const Options& options) {
  const Work work = work_in(options.folders);
  figures::HtmlPage page("Work in progress", options.once ? 0 : options.every);
  if (work.losses.empty() && work.rankings.empty()) {
    page.paragraphs("There is no file of a training or a ranking yet.");
  }
  if (!work.losses.empty()) add_trainings(page, work);
  for (const auto& [name, table] : work.rankings) add_ranking(page, name, table);
  return std::move(page).finish();
}

void run(const Options& options) {
  ic::require_writable(options.out);
  const ic::InterruptRequest interrupt;
  examples::say("{}\n", options.out);
  for (;;) {
    ic::write_file_atomically(options.out, page_of(options));
    if (options.once) return;
    for (std::size_t tenth = 0; tenth < 10 * options.every; ++tenth) {
      if (interrupt.requested()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Shows how trainings and rankings get on, in a page that reloads itself.",
               "watch_report");
  app.add_option("folders", options.folders, "where the programs write")->required();
  app.add_option("--out", options.out, "the page")->capture_default_str();
  app.add_option("--every", options.every, "seconds between two looks")
      ->check(examples::whole_number(1, 86400))
      ->capture_default_str();
  app.add_flag("--once", options.once, "write the page once and end");
  return examples::run_program(app, argc, argv, [&] { run(options); });
}
