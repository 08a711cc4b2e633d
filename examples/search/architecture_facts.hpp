#pragma once

// The known numbers of the architectures of a space: columns of CSV tables, parameters,
// MACs, and any that are added.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/search/option_texts.hpp"
#include "examples/search/search_options.hpp"
#include "interchoice/core/restriction.hpp"
#include "interchoice/evaluation/table_coverage.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"

namespace examples {

namespace ic = interchoice;

/// Numbers of architectures by name; `parameters` and `macs` are those of the network.
template <class AnyNetwork>
class ArchitectureFacts {
 public:
  using Space = typename AnyNetwork::Space;
  using Path = ic::Architecture<Space>;
  using Value = std::function<double(const Path&)>;

  ArchitectureFacts(TableOptions options, const ic::Restriction<Space>& restriction)
      : options_(std::move(options)), restriction_(restriction) {
    numbers_["parameters"] = [](const Path& a) { return double(AnyNetwork::cost(a).parameters); };
    numbers_["macs"] = [](const Path& a) { return double(AnyNetwork::cost(a).macs); };
  }

  const ic::Restriction<Space>& restriction() const { return restriction_; }

  /// Anything that can be computed, under a name.
  void add(const std::string& name, Value value) {
    require_new(name);
    numbers_[name] = std::move(value);
  }

  /// FILE:COLUMN under a name.
  void add_column(const std::string& name, const std::string& text) {
    const auto [file, column] = cut_last(text, ':', "FILE:COLUMN");
    require_new(name);
    const auto table = std::make_shared<ic::BenchmarkTable<Space>>(
        benchmark(file).column(column, {.missing = options_.missing}));
    if (!options_.may_be_partial) ic::require_complete(*table, restriction_);
    numbers_[name] = [table](const Path& a) { return table->value(a); };
    tables_[name] = table;
  }

  const Value& number(const std::string& name) const {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    if (name == "supernet") {
      throw UsageError("'supernet' is what a network predicts; give its file by --supernet FILE");
    }
    throw UsageError("nothing is known as '" + name + "'; name an objective, a --value, " +
                     "parameters or macs");
  }

  /// Whether a name has a value for an architecture: a partial table lacks some.
  std::function<bool(const Path&)> has(const std::string& name) const {
    const auto found = tables_.find(name);
    if (found == tables_.end()) return [](const Path&) { return true; };
    return [table = found->second](const Path& a) { return table->contains(a); };
  }

  /// Names of which there may be no value.
  std::vector<std::string> partial() const {
    std::vector<std::string> names;
    for (const auto& [name, table] : tables_) {
      if (options_.may_be_partial) names.push_back(name);
    }
    return names;
  }

  /// The tables that were read.
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& [file, benchmark] : benchmarks_) all.push_back(file);
    if (!options_.joined_to.empty()) {
      all.push_back(options_.joined_to.substr(0, options_.joined_to.rfind(':')));
    }
    return all;
  }

 private:
  void require_new(const std::string& name) const {
    if (numbers_.contains(name)) throw UsageError("'" + name + "' is there already; rename it");
  }

  // A file with an `arch` column, or one that is joined to --table by the column named there.
  const ic::TabularBenchmark<Space>& benchmark(const std::string& file) {
    const auto known = benchmarks_.find(file);
    if (known != benchmarks_.end()) return known->second;
    ic::CsvTable csv = ic::CsvTable::read(file);
    const auto& columns = csv.columns();
    if (std::find(columns.begin(), columns.end(), "arch") != columns.end()) {
      return benchmarks_.emplace(file, ic::TabularBenchmark<Space>::from_csv(std::move(csv), file))
          .first->second;
    }
    if (options_.joined_to.empty()) {
      throw UsageError(file +
                       " has no column 'arch'; name a table that has one, and the column "
                       "that both have, by --table FILE:COLUMN");
    }
    const auto [with_architectures, key] = cut_last(options_.joined_to, ':', "FILE:COLUMN");
    auto joined = ic::TabularBenchmark<Space>::read(with_architectures);
    joined.join(std::move(csv), file, {.key = key, .may_lack_rows = options_.may_be_partial});
    return benchmarks_.emplace(file, std::move(joined)).first->second;
  }

  TableOptions options_;
  ic::Restriction<Space> restriction_;
  std::map<std::string, ic::TabularBenchmark<Space>> benchmarks_;
  std::map<std::string, std::shared_ptr<ic::BenchmarkTable<Space>>> tables_;
  std::map<std::string, Value> numbers_;
};

}  // namespace examples
