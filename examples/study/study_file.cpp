#include "examples/study/study_file.hpp"

#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <range/v3/view/enumerate.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/nn/tables.hpp"
#include "interchoice/report/detail/json_part.hpp"
#include "interchoice/training/optimizer.hpp"
#include "interchoice/training/training.hpp"

namespace examples {

namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;

/// An object of the file, which knows what it was asked for: what nobody asks for is a mistake.
class Members {
 public:
  Members(const nlohmann::json& json, std::string source, std::string place)
      : json_(json), source_(std::move(source)), place_(std::move(place)) {
    if (!json_.is_object()) fail("", "an object such as {\"label\": \"baseline\"}");
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  const nlohmann::json* find(const std::string& name) {
    known_.insert(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  void take(const std::string& name, std::string& text) {
    const auto* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) fail(name, "a text");
    text = value->get<std::string>();
  }
  template <class Whole>
  void take(const std::string& name, Whole& number, std::uint64_t least, std::uint64_t most) {
    if (const auto* const value = find(name)) {
      number = static_cast<Whole>(whole(*value, name, least, most));
    }
  }
  void take(const std::string& name, std::optional<std::uint64_t>& number) {
    if (const auto* const value = find(name)) number = whole(*value, name, 0, kMostImages);
  }
  void take(const std::string& name, bool& flag) {
    const auto* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) fail(name, "true or false");
    flag = value->get<bool>();
  }
  void take(const std::string& name, double& number, double least, double most) {
    if (const auto* const value = find(name)) number = real(*value, name, least, most);
  }
  template <class Value, class Read>
  void take_list(const std::string& name, std::vector<Value>& list, const Read& read) {
    const auto* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->empty() || value->size() > 1000) {
      fail(name, "a list of 1 to 1000 elements");
    }
    list.clear();
    for (std::size_t i = 0; i < value->size(); ++i) {
      list.push_back(read((*value)[i], fmt::format("{}[{}]", name, i)));
    }
  }
  std::uint64_t whole(const nlohmann::json& value, const std::string& name, std::uint64_t least,
                      std::uint64_t most) const {
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (number >= least && number <= most) return number;
    }
    fail(name, fmt::format("a whole number from {} to {}", least, most));
  }
  double real(const nlohmann::json& value, const std::string& name, double least,
              double most) const {
    if (value.is_number()) {
      const auto number = value.get<double>();
      if (number >= least && number <= most) return number;
    }
    fail(name, fmt::format("a number from {} to {}", least, most));
  }
  std::string place(const std::string& name) const { return place_ + name; }
  const std::string& source() const { return source_; }

  /// To be called last.
  void refuse_others() const {
    for (const auto& [name, value] : json_.items()) {
      if (known_.contains(name)) continue;
      const std::vector<std::string> names(known_.begin(), known_.end());
      throw std::runtime_error(fmt::format("{}: there is no member {} here; there are {}", source_,
                                           ic::shown(place_ + name),
                                           ic::detail::joined(names, ", ")));
    }
  }

  [[noreturn]] void fail(const std::string& name, const std::string& wanted) const {
    const auto found = json_.find(name.substr(0, name.find('[')));
    throw std::runtime_error(
        fmt::format("{}: '{}' is {}; {} must be there", source_, place_ + name,
                    found == json_.end() ? "not there" : ic::shown(found->dump(), 80), wanted));
  }

 private:
  const nlohmann::json& json_;
  std::string source_;
  std::string place_;
  std::set<std::string> known_;
};

/// What a method changes of a training.
struct MethodTraining {
  std::vector<double> split_at;
  std::optional<NamedOptimizer> optimizer;  // the study's, where it is another

  void operator()(ic::Training& training) const {
    for (const double fraction : split_at) {
      training.split_epochs.push_back(
          static_cast<std::size_t>(fraction * static_cast<double>(training.epochs)));
    }
    if (optimizer) training.optimizer = optimizer->maker();
  }
};

ic::TableStep read_tables(const nlohmann::json& json, const Members& method) {
  Members members(json, method.source(), method.place("tables."));
  ic::TableStep tables;
  members.take("rate", tables.rate, 0, 1000);
  members.take("from", tables.from, 0, 1);
  if (const auto* const decay = members.find("weight_decay")) {
    tables.weight_decay = members.real(*decay, "weight_decay", 0, 1);
  }
  members.refuse_others();
  return tables;
}

ic::MomentumGroups read_momentum(const nlohmann::json& json, const Members& method,
                                 const NamedOptimizer& optimizer) {
  if (optimizer.name != "sgd")
    method.fail("momentum", "the optimizer sgd, not " + optimizer.name + ",");
  if (json == "context") return ic::context_momentum;
  if (!json.is_number()) method.fail("momentum", "\"context\" or the number of a choice");
  return ic::ChoiceMomentum{method.whole(json, "momentum", 0, 255)};
}

Method read_method(const nlohmann::json& json, const std::string& source, const std::string& place,
                   const NamedOptimizer& optimizer) {
  Members members(json, source, place + ".");
  Method method;
  MethodTraining training;
  NamedOptimizer own = optimizer;
  members.take("label", method.label);
  if (method.label.empty()) members.fail("label", "a name");
  members.take("policy", method.policy);
  members.take("weights_seed", method.weights_seed);
  members.take("paths_seed", method.paths_seed);
  members.take("without_tables", method.without_tables);
  members.take_list("split_at", training.split_at, [&](const auto& value, const auto& name) {
    return members.real(value, name, 0, 1);
  });
  const auto* const tables = members.find("tables");
  if (tables != nullptr) own.tables = read_tables(*tables, members);
  const auto* const momentum = members.find("momentum");
  if (momentum != nullptr) own.momentum = read_momentum(*momentum, members, optimizer);
  if (tables != nullptr || momentum != nullptr) training.optimizer = own;
  members.refuse_others();
  method.settings.set("policy", method.policy);
  std::string splits;
  for (const double fraction : training.split_at) splits += fmt::format(" {}", fraction);
  if (!splits.empty()) method.settings.set("split at", splits.substr(1));
  if (tables != nullptr) method.settings.set("tables", own.maker().text());
  if (momentum != nullptr) method.settings.set("momentum", "by " + own.momentum->text());
  const auto note_seed = [&](const char* name, const std::optional<std::uint64_t>& seed) {
    if (seed) method.settings.set(name, fmt::format("{}", *seed));
  };
  note_seed("seed of the weights", method.weights_seed);
  note_seed("seed of the paths", method.paths_seed);
  method.adapt = training;
  return method;
}

/// Labels name folders, and columns of tables.
void require_different(const std::vector<Method>& methods, const std::string& source) {
  std::map<std::string, std::string> taken;
  for (const Method& method : methods) {
    const auto [place, is_new] = taken.emplace(folder_name(method.label), method.label);
    if (is_new) continue;
    throw std::runtime_error(
        fmt::format("{}: the labels {} and {} differ in no letter or digit; give each method a "
                    "label of its own",
                    source, ic::shown(place->second), ic::shown(method.label)));
  }
}

std::string read_score(const nlohmann::json& json, const Members& members,
                       const std::string& name) {
  if (json == "vote") return "vote";
  if (!json.is_string()) members.fail(name, "the name of a score");
  try {
    return ic::score_named(json.get<std::string>()).name();
  } catch (const std::invalid_argument&) {
    members.fail(
        name, "one of " + ic::detail::joined(ic::score_names(), ", ") + ", count:OPERATION, vote");
  }
}

/// Makes a network and an optimizer of each method, so that what they refuse is found before the
/// work. *Throws* std::runtime_error for that, and for a method without tables whose networks have
/// none.
void try_methods(const StudyFile& study, const ImageShape& shape) {
  for (const Method& method : study.methods) {
    const auto network = network_kind(study.network).make(method.policy, study.sizes, shape);
    ic::Training training{.optimizer = study.optimizer.maker()};
    method.adapt(training);
    try {
      training.optimizer(network->module());
    } catch (const c10::Error& error) {
      throw std::runtime_error(fmt::format("the method {}: {}", ic::shown(method.label),
                                           error.what_without_backtrace()));
    }
    if (!method.without_tables || !ic::tables_of(network->module()).empty()) continue;
    throw std::runtime_error(
        fmt::format("the method {} is to predict without tables, and the policy {} has none; take "
                    "'without_tables' out of it",
                    ic::shown(method.label), method.policy));
  }
}

void require_policies(const StudyFile& study, const std::string& source) {
  const auto known = network_kind(study.network).policies();
  for (const auto& [i, method] : study.methods | ranges::views::enumerate) {
    if (std::ranges::find(known, method.policy) != known.end()) continue;
    throw std::runtime_error(fmt::format("{}: 'methods[{}].policy' is {}; there are {}", source, i,
                                         ic::shown(method.policy),
                                         ic::detail::joined(known, ", ")));
  }
}

}  // namespace

StudyFile StudyFile::read(const std::filesystem::path& path) {
  const std::string source = path.string();
  const auto json = ic::detail::parse_json(ic::InputFile(path).text(kMostBytes), source);
  Members members(json, source, "");
  StudyFile study;
  members.take("title", study.title);
  members.take("question", study.question);
  members.take("network", study.network);
  members.take("width", study.sizes.width, 1, 1024);
  members.take("cells", study.sizes.cells, 1, 64);
  members.take("stages", study.sizes.stages, 1, 6);
  members.take("head_width", study.sizes.head_width, 1, 8192);
  members.take("width_multiplier", study.sizes.width_multiplier, 1e-3, 1e3);
  members.take("images", study.images, 0, kMostImages);
  members.take("validation", study.validation, 0, kMostImages);
  members.take("augmentation", study.augmentation);
  members.take_list("restrictions", study.restrictions, [&](const auto& value, const auto& name) {
    for (const char* known : {"all", "no_zero", "only_conv"}) {
      if (value == known) return std::string(known);
    }
    members.fail(name, "one of all, no_zero, only_conv");
  });
  members.take("architectures", study.architectures, 2, 1'000'000);
  members.take_list("epochs", study.epochs, [&](const auto& value, const auto& name) {
    return static_cast<std::size_t>(members.whole(value, name, 1, 100'000));
  });
  members.take("batch", study.batch, 2, 65'536);
  members.take("optimizer", study.optimizer.name);
  if (study.optimizer.name != "sgd" && study.optimizer.name != "adamw") {
    members.fail("optimizer", "sgd or adamw");
  }
  if (const auto* const decay = members.find("weight_decay")) {
    study.optimizer.weight_decay = members.real(*decay, "weight_decay", 0, 1);
  }
  members.take("learning_rate", study.learning_rate, 1e-9, 1e3);
  members.take("calibration_batches", study.calibration_batches, 1, 1'000'000);
  members.take("calibration_batch", study.calibration_batch, 2, 65'536);
  members.take("seeds", study.seeds, 1, 1000);
  members.take_list("methods", study.methods, [&](const auto& value, const auto& name) {
    return read_method(value, source, name, study.optimizer);
  });
  members.take_list("scores", study.scores.names, [&](const auto& value, const auto& name) {
    return read_score(value, members, name);
  });
  members.take("score_seeds", study.score_seeds, 1, 1000);
  members.take("column", study.column);
  members.take("truth_label", study.truth_label);
  members.take("unit", study.unit);
  if (const auto* const analysis = members.find("analysis")) {
    Members parts(*analysis, source, "analysis.");
    parts.take("alpha", study.analysis.alpha, 1e-6, 0.5);
    parts.take("power", study.analysis.power, 0.5, 0.999);
    parts.take("tau_b", study.analysis.tau_b, 1e-6, 2);
    parts.take("improvement", study.analysis.improvement, 1e-6, 100);
    parts.take("stacked", study.analysis.stacked);
    if (study.analysis.stacked && study.scores.names.empty()) {
      parts.fail("stacked", "a list of 'scores'");
    }
    parts.refuse_others();
  }
  members.refuse_others();
  if (study.title.empty()) members.fail("title", "a name");
  if (study.methods.empty()) members.fail("methods", "a list of methods");
  if (study.column.empty()) members.fail("column", "the name of a column of the ground truth");
  if (study.truth_label.empty()) study.truth_label = study.column;
  std::ranges::sort(study.epochs);
  require_different(study.methods, source);
  require_policies(study, source);
  return study;
}

std::vector<Experiment> StudyFile::experiments(const std::string& data) const {
  ExperimentPlan plan{.network = network,
                      .sizes = sizes,
                      .data = {.data = data,
                               .images = images,
                               .validation = validation,
                               .augmentation = augmentation},
                      .architectures = architectures,
                      .batch = batch,
                      .optimizer = optimizer,
                      .learning_rate = learning_rate,
                      .calibration_batches = calibration_batches,
                      .calibration_batch = calibration_batch};
  const auto loaded = std::make_shared<const ProgramData>(load_program_data(plan.data));
  try_methods(*this, loaded->shape);
  std::vector<Experiment> all;
  for (const std::string& restriction : restrictions) {
    for (const std::size_t count : epochs) {
      plan.name = fmt::format("{}-{}-{}-epochs", network, restriction, count);
      plan.restriction = restriction;
      plan.epochs = count;
      all.push_back(experiment_of(plan, loaded));
    }
  }
  return all;
}

}  // namespace examples
