// Table 5: the protocols by which the paper trains, as the library has them by name.
//
// Data: none. Command: table5_protocols
// Expected: the table, and the learning rate of every epoch in reproduction/table5/.

#include <fmt/core.h>

#include "examples/reproduce/result_page.hpp"
#include "examples/reproduce/study_program.hpp"
#include "interchoice/report/line_figure.hpp"
#include "interchoice/training/protocols.hpp"

namespace {

using namespace reproduce;

struct Column {
  const char* name;
  ic::Protocol protocol;
  const char* augmentation;
};

void run(const PageOptions& options, const NoData&, const std::string& command) {
  const Column columns[] = {
      {"NAS-Bench-201", ic::protocols::nasbench201(), "random shift by 4, flip"},
      {"SubImageNet, super-network", ic::protocols::subimagenet_supernet(),
       "random resized crop of 0.4 to 1, flip"},
      {"SubImageNet, evaluation network", ic::protocols::subimagenet_evaluation(),
       "random resized crop of 0.08 to 1, random interpolation, colour jitter 0.4, flip"}};
  ic::figures::Table table{
      {"", "epochs", "batch", "learning rate\nfirst, highest, last", "momentum", "weight decay",
       "label\nsmoothing", "dropout", "augmentation"},
      {{.heading = "", .rows = {}}}};
  ic::figures::LinePanel panel;
  ic::figures::SeriesStyles styles;
  for (std::size_t i = 0; i < std::size(columns); ++i) {
    const auto& [name, protocol, augmentation] = columns[i];
    ic::figures::Series series{name, {}, {}};
    styles.add(name, ic::figures::series_style(i));
    for (std::size_t epoch = 0; epoch < protocol.epochs; ++epoch) {
      series.x.push_back(static_cast<double>(epoch));
      series.y.push_back(protocol.learning_rate(epoch, protocol.epochs));
    }
    const auto text = [](double value) { return ic::figures::shortest_text(value); };
    const double highest = *std::max_element(series.y.begin(), series.y.end());
    table.groups[0].rows.push_back(
        {{name},
         {fmt::format("{}", protocol.epochs)},
         {fmt::format("{}", protocol.batch_size)},
         {ic::figures::fixed_text(series.y.front(), 6) + ", " + text(highest) + ", " +
          ic::figures::fixed_text(series.y.back(), 6)},
         {text(protocol.optimizer.momentum)},
         {text(protocol.optimizer.weight_decay)},
         {text(protocol.loss.label_smoothing)},
         {text(protocol.dropout)},
         {augmentation}});
    panel.series.push_back(std::move(series));
  }
  panel.x.title = "epoch, from 0";
  panel.y.title = "learning rate";
  ResultPage page(options.page, "Table 5: the paper's protocols",
                  "SGD everywhere; weight decay spares BatchNorm and one-dimensional parameters. "
                  "Names in the library: protocols::nasbench201(), subimagenet_supernet(), "
                  "subimagenet_evaluation(). Augmentations belong to the data and are named here "
                  "only.");
  page.table("table5", table, "As computed from the library's values.");
  page.figure("learning_rates",
              ic::figures::line_figure("Learning rate of every epoch", {panel}, styles, 1, 300),
              "Learning rate of every epoch.");
  page.finish({{"command", command}});
}

}  // namespace

int main(int argc, char** argv) {
  return reproduce::study_program(
      argc, argv, {"table5_protocols", "Prints the paper's training protocols, table 5.", "table5"},
      run);
}
