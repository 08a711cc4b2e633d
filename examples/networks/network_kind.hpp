#pragma once

// The networks that programs know by name.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "examples/architecture_choice.hpp"
#include "examples/networks/any_supernet.hpp"

namespace examples {

struct SearchOptions;

/// A kind of networks, of one space: `nasbench201`, say.
///
/// *Throws* std::invalid_argument for a text that is no architecture of the space, UsageError for
/// sizes that the network does not have, std::runtime_error for a policy that is not in the list.
class NetworkKind {
 public:
  virtual ~NetworkKind() = default;
  virtual const std::string& name() const = 0;
  /// The signature of its space, as files have it.
  virtual std::string space() const = 0;
  virtual std::vector<std::string> policies() const = 0;

  virtual std::unique_ptr<AnySupernet> make(const std::string& policy, const NetworkSizes& sizes,
                                            const ImageShape& shape) const = 0;
  /// The network of a file, on the CPU. *Throws* as `ic::load`.
  virtual std::unique_ptr<AnySupernet> load(const std::filesystem::path& path) const = 0;
  /// The network of one architecture of a file, on the CPU. *Throws* as `ic::load`.
  virtual std::unique_ptr<AnySubnet> load_subnet(const std::filesystem::path& path) const = 0;

  /// The options of its type, `options.width` and others, by which results are told apart.
  virtual ic::Identity options(const NetworkSizes& sizes, const ImageShape& shape) const = 0;
  /// Of an architecture as a network of its own.
  virtual ic::Cost cost(const std::string& architecture, const NetworkSizes& sizes,
                        const ImageShape& shape) const = 0;

  /// All architectures of a restriction, or `most` random ones where there are more.
  virtual std::vector<std::string> architectures(const std::string& restriction,
                                                 std::uint64_t most) const = 0;
  /// None where it exceeds 64 bits.
  virtual std::optional<std::uint64_t> architecture_count(const std::string& restriction) const = 0;
  /// The one text of an architecture.
  virtual std::string spelling(const std::string& architecture) const = 0;
  /// A number of the architecture; of a space of more than 2^64 it may be another one's, too.
  virtual std::uint64_t index(const std::string& architecture) const = 0;
  /// The name of the candidate that each choice takes.
  virtual std::vector<std::string> candidates(const std::string& architecture) const = 0;

  /// A column of a table of the space. *Throws* as `TabularBenchmark`.
  virtual std::vector<double> table_column(const std::filesystem::path& table,
                                           const std::string& column,
                                           const std::vector<std::string>& architectures) const = 0;
  virtual void search(const SearchOptions& options) const = 0;
};

/// All kinds; the first is the default.
const std::vector<const NetworkKind*>& network_kinds();

/// The kind of a name of --space.
///
/// *Throws* UsageError that lists the names.
const NetworkKind& network_kind(const std::string& name);

/// The architectures that are chosen, of a kind. *Throws* as `architectures_in`.
std::vector<std::string> chosen_architectures(const NetworkKind& kind,
                                              const ArchitectureChoice& choice);

/// An option --space.
CLI::Option* add_space_option(CLI::App& app, std::string& name);
/// An option --dependency, a policy of the list.
void add_dependency_option(CLI::App& app, std::string& policy);

}  // namespace examples
