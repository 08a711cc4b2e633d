#pragma once

#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/nn/module.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "interchoice/core/architecture.hpp"
#include "interchoice/core/identity.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/described_options.hpp"
#include "interchoice/networks/detail/allocation_limit.hpp"
#include "interchoice/networks/detail/network_state.hpp"
#include "interchoice/networks/network_identity.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/detail/module_of.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/version.hpp"

namespace interchoice {

/// A network's description in a file, without its weights.
struct SavedNetwork {
  /// `space` and `policy` of the choice blocks, `architecture` of a subnet, `options.NAME` of each
  /// option. A network takes the weights if its own identity is equal.
  Identity network;
  /// The facts that were given to `save`. Never compared.
  Identity facts;
  bool is_split = false;
  /// Whether the file has a digest, which agreed. Files of version 0.1 have none.
  bool has_digest = false;
};

namespace detail {

inline constexpr std::string_view kFormatKey = "interchoice.format";
inline constexpr std::string_view kFormat = "3";  // 2 had no digest
inline constexpr std::string_view kSplitKey = "interchoice.split";
inline constexpr std::string_view kNetworkKey = "interchoice.network.";
inline constexpr std::string_view kFactKey = "interchoice.facts.";
inline constexpr std::string_view kFormat1Key = "interchoice";

[[noreturn]] inline void fail_network(const std::filesystem::path& path, std::string_view what) {
  throw std::runtime_error(fmt::format("interchoice: {}: {}", path.string(), what));
}

/// Files written before options had names: one entry of JSON, with sizes that only its program
/// could read.
inline SavedNetwork parse_format_1(const std::filesystem::path& path, const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("format") != 1) fail_network(path, "its format is unknown");
    SavedNetwork saved{{{"space", json.at("space")}, {"policy", json.at("policy")}}, {}, false};
    for (const auto& [name, fact] : json.at("facts").items()) saved.facts.set(name, fact);
    json.at("is_split").get_to(saved.is_split);
    return saved;
  } catch (const nlohmann::json::exception& error) {
    fail_network(path, fmt::format("the network's description is damaged: {}", error.what()));
  }
}

inline SavedNetwork parse_saved_network(const std::filesystem::path& path, const TensorFile& file) {
  const auto entry = [&](std::string_view key) {
    const auto found = file.metadata.find(std::string(key));
    return found == file.metadata.end() ? nullptr : &found->second;
  };
  if (const std::string* text = entry(kFormat1Key)) return parse_format_1(path, *text);
  const std::string* const format = entry(kFormatKey);
  if (format == nullptr) {
    fail_network(path, fmt::format("is a tensor file but holds no network: its metadata has no "
                                   "'{}'",
                                   kFormatKey));
  }
  if (*format != kFormat && *format != "2") {
    fail_network(path, fmt::format("holds a network in format {}; this version reads up to {}",
                                   shown(*format), kFormat));
  }
  if (*format == kFormat && !file.has_digest) {
    fail_network(path, "is damaged: it has lost its digest; use another copy");
  }
  SavedNetwork saved;
  saved.has_digest = file.has_digest;
  for (const auto& [key, text] : file.metadata) {
    const std::string_view name = key;
    if (name.starts_with(kNetworkKey)) saved.network.set(name.substr(kNetworkKey.size()), text);
    if (name.starts_with(kFactKey)) saved.facts.set(name.substr(kFactKey.size()), text);
  }
  const std::string* const split = entry(kSplitKey);
  saved.is_split = split != nullptr && *split == "true";
  return saved;
}

/// A network as the content of a file.
template <class Net>
TensorFile network_file(const Net& net, const Identity& facts) {
  TensorFile file;
  file.tensors = named_state(*net);
  const auto set = [&](std::string_view prefix, const std::string& name, const std::string& text) {
    file.metadata[std::string(prefix) + name] = text;
  };
  set(kFormatKey, "", std::string(kFormat));
  set(kSplitKey, "", is_split(*net) ? "true" : "false");
  set("interchoice.version", "",
      fmt::format("{}.{}.{}", INTERCHOICE_VERSION_MAJOR, INTERCHOICE_VERSION_MINOR,
                  INTERCHOICE_VERSION_PATCH));
  for (const auto& [name, text] : network_identity(net)) set(kNetworkKey, name, text);
  for (const auto& [name, text] : facts) set(kFactKey, name, text);
  return file;
}

inline void take_buffers(torch::nn::Module& network,
                         const std::map<std::string, at::Tensor>& tensors) {
  const c10::NoGradGuard no_grad;
  for (const auto& buffer : network.named_buffers()) {
    buffer.value().copy_(tensors.at(std::string(kTensorPrefix) + buffer.key()));
  }
}

/// Takes a network over from the content of a file; see `load`.
template <class Net>
void take_network(const std::filesystem::path& path, const TensorFile& file, Net& net) {
  SavedNetwork saved = parse_saved_network(path, file);
  if (!file.has_digest) {
    TORCH_WARN("interchoice: ", path.string(),
               ": has no digest, as files of version 0.1; damage to its weights would not be "
               "noticed");
  }
  const Identity here = network_identity(net);
  if (file.metadata.contains(std::string(kFormat1Key))) {  // has no options to compare
    for (const auto& [name, text] : here) {
      if (name.starts_with("options.")) saved.network.set(name, text);
    }
  }
  std::vector<std::string> lines = differences(saved.network, here);
  if (lines.empty() && is_split(*net) && !saved.is_split) {
    lines.push_back(
        "it was saved before the split, the network is split; load it into a new network");
  }
  if (lines.empty()) {
    const bool splits = saved.is_split;
    auto state = named_state(*net);
    auto added = new_constants(*net, file.tensors, state);
    lines = tensor_differences(file.tensors, state, [&](const std::string& name) {
      return splits && name.find(".copy") != name.npos;
    });
    if (lines.empty()) {
      // The buffers first, which a split may ask; then each of its stages, until all copies are
      // there.
      if (splits) take_buffers(*net, file.tensors);
      while (splits && named_state(*net).size() < file.tensors.size()) {
        if (split_now(*net).empty()) break;
      }
      for (auto& [block, constants] : added) block->take(std::move(constants));
      state = named_state(*net);
      lines = tensor_differences(file.tensors, state, [](const std::string&) { return false; });
      if (lines.empty()) {
        const c10::NoGradGuard no_grad;
        settle_weights(*net);
        for (const auto& [name, tensor] : state) tensor.copy_(file.tensors.at(name));
        return;
      }
    }
  }
  std::string message = fmt::format("interchoice: {} does not fit the network:", path.string());
  for (const std::string& line : lines) message += "\n  " + line;
  throw std::runtime_error(message);
}

/// A new network with the options of a file; `first` are arguments before them. `Described` has the
/// options: the network itself, or the one that a subnet is part of.
template <class Net, class Described = Net, class... First>
Net made_network(const Identity& identity, const First&... first) {
  using Module = ModuleOf<Described>;
  if constexpr (requires(const Module& module) { module.options(); }) {
    using Options = std::remove_cvref_t<decltype(std::declval<const Module&>().options())>;
    static_assert(DescribedOptions<Options>,
                  "interchoice: load<Network>(path) needs options that a file can hold; give them "
                  "`static void for_each_field(auto& options, auto&& visit)`, or make the network "
                  "and call load(path, network)");
    if constexpr (DescribedOptions<Options>) return Net(first..., options_from<Options>(identity));
  } else {
    static_assert(std::default_initializable<Module>,
                  "interchoice: load<Network>(path) needs a module with a default constructor, or "
                  "one with `options()` that is made from its options; or make the network and "
                  "call load(path, network)");
    return Net(first...);
  }
}

}  // namespace detail

/// Writes a network to a file, atomically: a safetensors file with the network's identity and
/// `facts` of one's own as metadata.
///
/// *Throws* std::runtime_error with path and reason, also for parameters that are not finite and
/// buffers with a NaN; a former file is then untouched.
template <class Net>
void save(const std::filesystem::path& path, const Net& net, const Identity& facts = {}) {
  static_assert(detail::CheckedHolder<Net>::value);
  settle_weights(*net);
  if (const std::string part = detail::part_not_finite(*net); !part.empty()) {
    detail::fail_network(
        path, fmt::format("is not written, since {} is not finite; what is there stays", part));
  }
  write_tensor_file(path, detail::network_file(net, facts));
}

/// A file's description of its network, to decide what to load. *Cost*: reads the whole file.
///
/// *Throws* std::runtime_error with path and reason.
inline SavedNetwork read_saved_network(const std::filesystem::path& path) {
  return detail::parse_saved_network(path, read_tensor_file(path));
}

/// Reads a network's parameters and buffers from a file; splits the network first if the saved one
/// was split.
///
/// A split network takes no file of an unsplit one: make a new network, load, split that. A file of
/// version 0.1 has no digest, which a libtorch warning says.
///
/// *Throws* std::runtime_error that names every difference (space, policy, options; tensors that
/// are missing, unknown, of another shape or type). Nothing is changed then, but that the network
/// is split if only its copies' tensors differ.
template <class Net>
void load(const std::filesystem::path& path, Net& net) {
  static_assert(detail::CheckedHolder<Net>::value);
  detail::take_network(path, read_tensor_file(path), net);
}

/// The network of a file that `make(identity)` makes, with what the file says of it: for programs
/// to which only the file says which network it is. On the CPU, as it was made.
///
/// *Throws* as `load(path, network)`, with the path what `make` throws, and for one that asks for
/// far more memory than the file has tensors, before that is taken.
template <class Make>
auto load_made(const std::filesystem::path& path, const Make& make) {
  const TensorFile file = read_tensor_file(path);
  const Identity identity = detail::parse_saved_network(path, file).network;
  auto net = [&] {
    // Float where the file has half, and what constructors need beside.
    std::uint64_t bytes = std::uint64_t{64} << 20;
    for (const auto& [name, tensor] : file.tensors) bytes += 4 * tensor.nbytes();
    const detail::AllocationLimit limit(bytes);
    try {
      return make(identity);
    } catch (const std::exception& error) {
      detail::fail_network(
          path, fmt::format("the network cannot be made from its description: {}", error.what()));
    }
  }();
  static_assert(detail::CheckedHolder<decltype(net)>::value);
  for (const auto& p : net->named_parameters()) {
    const auto saved = file.tensors.find(std::string(detail::kTensorPrefix) + p.key());
    if (saved == file.tensors.end() || !saved->second.is_floating_point()) continue;
    const at::ScalarType type = saved->second.scalar_type();
    if (type != p.value().scalar_type()) net->to(type);  // which converts counters, too
    break;
  }
  detail::take_network(path, file, net);
  return net;
}

/// The network of a file, made with the options and of the type that it was saved with. In training
/// mode, on the CPU.
///
/// *Throws* as `load_made`, and for options that are missing or not of their type.
template <class Net>
Net load(const std::filesystem::path& path) {
  static_assert(detail::CheckedHolder<Net>::value);
  using Module = detail::ModuleOf<Net>;
  return load_made(path, [](const Identity& identity) {
    if constexpr (detail::HasArchitecture<Module>) {
      using Path = std::remove_cvref_t<decltype(std::declval<const Module&>().architecture())>;
      const std::string* const text = identity.find("architecture");
      return detail::made_network<Net, typename Net::NetworkType>(
          identity, from_text<typename Path::space_type>(text == nullptr ? "" : *text));
    } else {
      return detail::made_network<Net>(identity);
    }
  });
}

}  // namespace interchoice
