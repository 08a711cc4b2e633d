#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "interchoice/core/exact_number.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/atomic_file.hpp"
#include "interchoice/io/csv.hpp"
#include "interchoice/io/input_file.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/problem.hpp"

namespace interchoice {

namespace detail {

inline double number_in(const std::string& field, const std::string& column,
                        const std::string& place) {
  if (const std::optional<double> value = exact_number(field)) return *value;
  throw std::runtime_error(
      fmt::format("interchoice: {}: column '{}' holds {}; a finite number is needed", place, column,
                  shown(field)));
}

/// The number, if the history can be read again with it.
template <SearchSpace Space>
double finite(double value, const std::string& name, const Architecture<Space>& architecture) {
  if (std::isfinite(value)) return value;
  throw std::invalid_argument(
      fmt::format("interchoice: history_csv: '{}' of '{}' is {}; a history has finite numbers only",
                  name, to_text(architecture), value));
}

template <SearchSpace Space>
std::vector<std::string> history_columns(const SearchProblem<Space>& problem) {
  std::vector<std::string> columns = {"arch", "violation"};
  for (const Objective<Space>& objective : problem.objectives) columns.push_back(objective.name);
  return columns;
}

}  // namespace detail

/// A history as CSV: `arch`, `violation` and a column for each objective, empty where the
/// architecture is infeasible. Numbers read back as the same doubles.
///
/// *Throws*: `std::invalid_argument` if the problem is none (`check_problem`) or if an entry has
/// another number of objectives or a number that is not finite.
template <SearchSpace Space>
std::string history_csv(const SearchProblem<Space>& problem, const SearchHistory<Space>& history) {
  check_problem(problem);
  std::string text = csv_line(detail::history_columns(problem)) + '\n';
  for (const EvaluatedArchitecture<Space>& entry : history) {
    const std::size_t expected = entry.is_feasible() ? problem.objectives.size() : 0;
    if (entry.objectives.size() != expected) {
      throw std::invalid_argument(fmt::format(
          "interchoice: history_csv: '{}' has {} objectives, the problem says {}; give the problem "
          "that the history was made with",
          to_text(entry.architecture), entry.objectives.size(), expected));
    }
    text += fmt::format("{},{}", csv_field(to_text(entry.architecture)),
                        detail::finite(entry.violation, "violation", entry.architecture));
    for (std::size_t i = 0; i < problem.objectives.size(); ++i) {
      text += ',';
      if (!entry.is_feasible()) continue;
      text += fmt::format("{}", detail::finite(entry.objectives[i], problem.objectives[i].name,
                                               entry.architecture));
    }
    text += '\n';
  }
  return text;
}

/// Writes a history to a file, completely or not at all.
///
/// *Throws*: as `history_csv`, and `std::runtime_error` if the file cannot be written.
template <SearchSpace Space>
void write_history(const std::filesystem::path& path, const SearchProblem<Space>& problem,
                   const SearchHistory<Space>& history) {
  write_file_atomically(path, history_csv(problem, history));
}

/// Writes the history to a file after every `every` evaluations, so that a search that is cut off
/// loses no more than these.
///
/// The file is rewritten as a whole. Write the last entries yourself when the search returns.
///
/// *Throws*: `std::invalid_argument` if `every` is 0; the observer as `write_history`.
template <SearchSpace Space>
SearchObserver<Space> store_history(std::filesystem::path path, SearchProblem<Space> problem,
                                    std::size_t every = 1) {
  if (every == 0) {
    throw std::invalid_argument(fmt::format(
        "interchoice: store_history({}): every 0 evaluations; write after every 1 or more",
        path.string()));
  }
  return [path = std::move(path), problem = std::move(problem),
          every](const SearchHistory<Space>& history) {
    if (history.size() % every == 0) write_history(path, problem, history);
    return true;
  };
}

/// The history of a CSV text; `source` takes the place of the path in messages.
///
/// *Throws*: `std::runtime_error` with `path:line` and what is wrong: a file that is no table
/// (`CsvTable`), other columns than the problem's, a text that is no architecture, one that the
/// restriction does not allow or that was listed before, a violation that is negative, objectives
/// of an infeasible architecture or missing ones of a feasible one.
template <SearchSpace Space>
SearchHistory<Space> parse_history(std::string_view text, const std::string& source,
                                   const SearchProblem<Space>& problem) {
  check_problem(problem);
  const CsvTable csv = CsvTable::parse(text, source);
  const auto fail = [](const std::string& place, const std::string& reason) {
    throw std::runtime_error(fmt::format("interchoice: {}: {}", place, reason));
  };
  const std::vector<std::string> columns = detail::history_columns(problem);
  if (csv.columns() != columns) {
    fail(source + ":1",
         fmt::format("the columns are not '{}', which this problem's history has; is it another "
                     "search's file?",
                     csv_line(columns)));
  }
  std::vector<std::vector<std::string>> fields;
  for (const std::string& column : columns) fields.push_back(csv.texts(column));
  SearchHistory<Space> history;
  std::unordered_map<Architecture<Space>, std::size_t> rows;
  for (std::size_t row = 0; row < csv.size(); ++row) {
    const std::string place = csv.place(row);
    EvaluatedArchitecture<Space> entry;
    try {
      entry.architecture = from_text<Space>(fields[0][row]);
    } catch (const std::logic_error& error) {
      fail(place, error.what());
    }
    if (!problem.restriction.allows(entry.architecture)) {
      fail(place, fmt::format("the problem's restriction does not allow {}; is it another "
                              "search's file?",
                              shown(fields[0][row], 200)));
    }
    const auto [first, is_new] = rows.emplace(entry.architecture, row);
    if (!is_new) {
      fail(place, fmt::format("architecture {} was listed before, at {}; a history holds each "
                              "once",
                              shown(fields[0][row], 200), csv.place(first->second)));
    }
    entry.violation = detail::number_in(fields[1][row], "violation", place);
    if (entry.violation < 0) {
      fail(place, fmt::format("violation {} is negative; 0 means feasible", shown(fields[1][row])));
    }
    for (std::size_t i = 2; i < columns.size(); ++i) {
      const std::string& field = fields[i][row];
      if (entry.is_feasible()) {
        entry.objectives.push_back(detail::number_in(field, columns[i], place));
      } else if (!field.empty()) {
        fail(place, fmt::format("column '{}' holds {} for an infeasible architecture; it must be "
                                "empty",
                                columns[i], shown(field)));
      }
    }
    history.push_back(std::move(entry));
  }
  return history;
}

/// Reads a history from a file; see `parse_history`. An interrupted search goes on with it.
template <SearchSpace Space>
SearchHistory<Space> read_history(const std::filesystem::path& path,
                                  const SearchProblem<Space>& problem) {
  return parse_history(InputFile(path).text(CsvTable::kMostBytes), path.string(), problem);
}

}  // namespace interchoice
