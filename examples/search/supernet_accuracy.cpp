#include "examples/search/supernet_accuracy.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "interchoice/distributed/published_text.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"

namespace examples {

namespace {

std::string list_key(std::size_t number) { return fmt::format("search/{}", number); }

ProgramData data_of(DataOptions options, const SupernetFile& file) {
  options.complete(file.facts);
  return load_program_data(options);
}

}  // namespace

SupernetAccuracy::SupernetAccuracy(const SupernetOptions& options, const Workplace& workplace,
                                   std::filesystem::path results)
    : file_(options.file),
      data_(data_of(options.data, file_)),
      batch_(options.batch),
      group_(workplace.group),
      results_(std::move(results)),
      net_(file_.load(data_, workplace.device)) {
  file_.print_note("search_architectures");
  net_->module().eval();
}

double SupernetAccuracy::operator()(const std::string& architecture) {
  if (!log_) open_log();
  const auto known = log_->results().find(architecture);
  if (known != log_->results().end()) return 100 * known->second;
  if (!accuracies_.contains(net_->canonical_form(architecture)))
    evaluate({architecture}, {}, [] {});
  return 100 * keep(architecture);
}

void SupernetAccuracy::serve() {
  for (auto list = next_list(); list; list = next_list()) {
    std::vector<std::string> architectures;
    std::istringstream texts(*list);
    for (std::string text; std::getline(texts, text);) architectures.push_back(text);
    rank(architectures, {}, [](const std::string&, double accuracy) { return accuracy; });
  }
  group_.store().add("search/left", 1);
}

void SupernetAccuracy::dismiss() const {
  if (group_.is_alone()) return;
  ic::PublishedText(group_.store(), "search/end").publish("done");
  const auto others = static_cast<std::int64_t>(group_.size() - 1);
  for (int i = 0; i < 250 && group_.store().add("search/left", 0) < others; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void SupernetAccuracy::prepare(const std::vector<std::string>& architectures,
                               const Preparation& how) {
  if (!log_) open_log();
  std::vector<std::string> unknown;
  std::set<std::string> forms;
  for (const std::string& architecture : architectures) {
    const std::string form = net_->canonical_form(architecture);
    if (accuracies_.contains(form) || !forms.insert(form).second) continue;
    unknown.push_back(architecture);
  }
  std::size_t kept = 0;
  evaluate(unknown, how, [&] {
    while (kept < architectures.size() &&
           accuracies_.contains(net_->canonical_form(architectures[kept]))) {
      keep(architectures[kept++]);
    }
  });
}

void SupernetAccuracy::open_log() {
  ic::Identity identity = {{"data", data_.name}, {"batch", fmt::format("{}", batch_)}};
  identity.set(net_->evaluation_identity(data_.evaluation(batch_), ic::Recalibration::paper()));
  log_.emplace(results_, identity,
               [this](const std::string& text) { return file_.kind->spelling(text); });
  if (!log_->has_digests()) {
    print_message("search_architectures",
                  results_.string() +
                      " has no digests: it was begun by an older version, and "
                      "damage to its lines would not be noticed");
  }
  for (const auto& [text, accuracy] : log_->results()) {
    accuracies_[net_->canonical_form(text)] = accuracy;
  }
}

void SupernetAccuracy::evaluate(const std::vector<std::string>& architectures,
                                const Preparation& how, const std::function<void()>& was_added) {
  const auto add = [&](const std::string& text, double accuracy) {
    accuracies_[net_->canonical_form(text)] = accuracy;
    was_added();
    return accuracy;
  };
  if (architectures.size() > 1 && !group_.is_alone()) {
    std::string texts;
    for (const std::string& architecture : architectures) texts += architecture + '\n';
    ic::PublishedText(group_.store(), list_key(lists_++)).publish(texts);
  }
  rank(architectures, how, add);
}

void SupernetAccuracy::rank(const std::vector<std::string>& architectures, const Preparation& how,
                            const std::function<double(const std::string&, double)>& add) {
  net_->rank(data_.evaluation(batch_), architectures,
             {.sharing = ic::PrefixSharing{},
              .merge_isomorphic = false,
              .results = [&](const auto&) { return ic::KnownResults{.add = add}; },
              .stop = how.stop,
              .group = architectures.size() > 1 ? group_ : ic::Group()},
             [&](const ic::Progress& progress) {
               if (how.report) how.report(progress);
             });
}

std::optional<std::string> SupernetAccuracy::next_list() {
  const ic::PublishedText next(group_.store(), list_key(lists_));
  const ic::PublishedText end(group_.store(), "search/end");
  for (;;) {
    if (auto list = next.read()) {
      ++lists_;
      return list;
    }
    if (end.read()) return std::nullopt;
    if (const auto fate = group_.fate(0)) {
      throw ic::GroupError(fmt::format("rank 0 of {} {}", group_.size(), *fate));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

double SupernetAccuracy::keep(const std::string& architecture) {
  return log_->add(architecture, accuracies_.at(net_->canonical_form(architecture)));
}

}  // namespace examples
