#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "report/sample_reports.hpp"
#include "support/catch.hpp"

/// A folder for the length of one test.
class ReportFolder {
 public:
  ReportFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("interchoice-report-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
  }
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;
  ~ReportFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  std::string content(const std::string& name) const {
    std::ifstream stream(path_ / name, std::ios::binary);
    REQUIRE(stream);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.insert(entry.path().filename());
    return names;
  }

 private:
  std::filesystem::path path_;
};
