#pragma once

// Catch2 of either major version under one include.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

#include <concepts>
#include <string>

using Catch::Approx;  // NOLINT(google-global-names-in-headers): where version 2 has it

namespace Catch::Matchers {
// Of texts as in version 2; version 3 looks for an element.
template <class Text>
requires std::convertible_to<Text, std::string> StringContainsMatcher Contains(Text&& part) {
  return ContainsSubstring(std::string(part));
}
}  // namespace Catch::Matchers
#else
#include <catch2/catch.hpp>
#endif

#ifdef C10_UTIL_LOGGING_IS_NOT_GOOGLE_GLOG_H_
#include <string>
#include <vector>

// libtorch declares operator<< for every std::vector, also for those whose elements have none.
// Catch2 would use it; this makes it print the elements by its own rules.
template <class T, class Allocator>
struct Catch::StringMaker<std::vector<T, Allocator>> {
  static std::string convert(const std::vector<T, Allocator>& values) {
    return Catch::rangeToString(values);
  }
};
#endif
