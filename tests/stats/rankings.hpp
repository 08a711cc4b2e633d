#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "interchoice/io/csv.hpp"

/// The recorded predictions of two super-networks for all of NAS-Bench-201, with the truth.
struct Rankings {
  std::vector<std::string> architectures;
  std::vector<double> truth;
  std::vector<double> one_shot;
  std::vector<double> few_shot;

  const std::vector<double>& prediction(const std::string& name) const {
    return name == "one_shot" ? one_shot : few_shot;
  }

  /// The rows whose architectures have nothing but convolutions.
  Rankings only_convolutions() const {
    Rankings subset;
    for (std::size_t i = 0; i < architectures.size(); ++i) {
      const std::string& text = architectures[i];
      if (text.find("none") != text.npos || text.find("skip") != text.npos ||
          text.find("pool") != text.npos) {
        continue;
      }
      subset.architectures.push_back(text);
      subset.truth.push_back(truth[i]);
      subset.one_shot.push_back(one_shot[i]);
      subset.few_shot.push_back(few_shot[i]);
    }
    return subset;
  }

  static Rankings read(const std::filesystem::path& path) {
    const auto table = interchoice::CsvTable::read(path);
    return {table.texts("arch"), table.numbers("truth_c10_test"), table.numbers("one_shot"),
            table.numbers("few_shot")};
  }
};
