#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "interchoice/report/report.hpp"

namespace interchoice::detail {

/// The text with U+FFFD in place of bytes that are not UTF-8.
inline std::string valid_text(const std::string& text) {
  using nlohmann::json;
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

inline Identity valid_facts(const Identity& facts) {
  Identity valid;
  for (const auto& [name, text] : facts) valid.set(valid_text(name), valid_text(text));
  return valid;
}

/// The report with UTF-8 only, as a page and JSON can hold it and `read_report` gives it back.
inline Report with_valid_texts(Report report) {
  for (std::string* text :
       {&report.title, &report.introduction, &report.truth_label, &report.truth_unit}) {
    *text = valid_text(*text);
  }
  for (std::string& architecture : report.architectures) architecture = valid_text(architecture);
  for (Predictor& predictor : report.predictors) {
    predictor.label = valid_text(predictor.label);
    predictor.unit = valid_text(predictor.unit);
    predictor.facts = valid_facts(predictor.facts);
  }
  report.facts = valid_facts(report.facts);
  return report;
}

}  // namespace interchoice::detail
