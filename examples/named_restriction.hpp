#pragma once

// The restrictions and samplers that programs know by name.

#include <cstddef>
#include <string>

#include "examples/command_line.hpp"
#include "interchoice/core/restriction.hpp"

namespace examples {

namespace ic = interchoice;

inline void add_restriction_option(CLI::App& app, std::string& name,
                                   const std::string& meaning = "which architectures") {
  app.add_option("--space-restriction", name, meaning)
      ->check(CLI::IsMember({"all", "no_zero", "only_conv"}))
      ->capture_default_str();
}

inline void add_sampler_option(CLI::App& app, std::string& name) {
  app.add_option("--sampler", name,
                 "one random path a step, or as many as choices have candidates, each used once")
      ->check(CLI::IsMember({"uniform", "strict_fair"}))
      ->capture_default_str();
}

/// *Throws* std::invalid_argument if a choice is left without a candidate.
template <ic::SearchSpace AnySpace>
ic::Restriction<AnySpace> named_restriction(const std::string& name) {
  if (name == "all") return ic::all<AnySpace>;
  // At run time: the library's constants do not compile for a space that they leave nothing of.
  const bool only_conv = name == "only_conv";
  return ic::Restriction<AnySpace>([only_conv](std::size_t choice, std::size_t candidate) {
    const ic::CandidateKind kind = AnySpace::candidate_kind(choice, candidate);
    return only_conv ? kind == ic::CandidateKind::kConvolution : kind != ic::CandidateKind::kZero;
  });
}

}  // namespace examples
