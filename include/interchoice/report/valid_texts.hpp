#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "interchoice/report/report.hpp"

namespace interchoice::detail {

/// The text with U+FFFD in place of bytes that are not UTF-8.
inline std::string valid_text(const std::string& text) {
  const bool is_ascii = std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) return text;
  using nlohmann::json;
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

inline void make_valid(std::vector<Fact>& facts) {
  for (Fact& fact : facts) fact = {valid_text(fact.name), valid_text(fact.value)};
}

/// The report with nothing but UTF-8 in it: what a page and JSON can hold, and therefore what
/// `read_report` gives back.
inline Report with_valid_texts(Report report) {
  for (std::string* text :
       {&report.title, &report.introduction, &report.truth_label, &report.truth_unit}) {
    *text = valid_text(*text);
  }
  for (std::string& architecture : report.architectures) architecture = valid_text(architecture);
  for (Predictor& predictor : report.predictors) {
    predictor.label = valid_text(predictor.label);
    make_valid(predictor.facts);
  }
  make_valid(report.facts);
  return report;
}

}  // namespace interchoice::detail
