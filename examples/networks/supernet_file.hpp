#pragma once

// A super-network's file, of whatever space and policy.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "examples/networks/network_kind.hpp"
#include "examples/program_data.hpp"
#include "interchoice/core/identity.hpp"

namespace examples {

/// The description of a super-network's file, and the kind that it is of.
struct SupernetFile {
  /// *Throws* std::runtime_error with the path for a file of something else.
  explicit SupernetFile(std::filesystem::path file);

  /// The position at which its training was interrupted; null if it was not.
  const std::string* stopped() const { return facts.find("stopped"); }
  /// The policy and the place where its training was interrupted.
  std::string label() const;
  /// Says it where the network is only half trained.
  void print_note(const std::string& program) const;
  /// The network. *Throws* std::runtime_error if it is for other images than the data has.
  std::unique_ptr<AnySupernet> load(const ProgramData& data, at::Device device) const;

  std::filesystem::path path;
  const NetworkKind* kind = nullptr;
  std::string policy;
  ic::Identity facts;
};

/// One architecture out of a file, on the CPU: of a super-network's file that of a text, with
/// BatchNorm's statistics made anew by batches of `batch` training images; of the file of one
/// architecture, with an empty text, that one as it is.
///
/// *Throws* UsageError for a text that is none or not wanted, std::runtime_error with the path for
/// a file of something else.
std::unique_ptr<AnySubnet> load_architecture(const std::filesystem::path& path,
                                             const std::string& architecture,
                                             const ProgramData& data, std::int64_t batch);

/// The fact by which a file names its kind: two kinds may be of one space.
inline constexpr const char* kNetworkFact = "network";

/// The kind that a description of a saved network is of; null for none.
const NetworkKind* kind_of(const ic::Identity& network, const ic::Identity& facts);

}  // namespace examples
