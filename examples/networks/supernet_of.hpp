#pragma once

// A network of the library as an `AnySupernet` and as one of the networks that programs know by
// name. Only the source files of the networks include this: it compiles everything that depends on
// a space.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "examples/named_restriction.hpp"
#include "examples/networks/any_policy_network.hpp"
#include "examples/networks/any_supernet.hpp"
#include "examples/networks/network_kind.hpp"
#include "examples/search/search.hpp"
#include "examples/train_with_state.hpp"
#include "interchoice/core/text.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/evaluation_identity.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/evaluation/tabular_benchmark.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/networks/saved_network.hpp"
#include "interchoice/sampling/distinct.hpp"
#include "interchoice/sampling/fixed.hpp"
#include "interchoice/sampling/sampler.hpp"
#include "interchoice/sampling/strict_fair.hpp"
#include "interchoice/sampling/uniform.hpp"

namespace examples {

namespace detail {

/// Any sampler of one path a step or several, so that a training is compiled once for all.
template <class Space>
class AnyPathSampler {
 public:
  using Path = ic::Architecture<Space>;

  explicit AnyPathSampler(const Paths& paths) {
    const auto restriction = named_restriction<Space>(paths.restriction);
    if (!paths.architecture.empty()) {
      take(ic::Fixed(ic::from_text<Space>(paths.architecture)));
    } else if (paths.sampler == "strict_fair") {
      take(ic::Sampler{ic::StrictFair{restriction}, paths.seed});
    } else {
      take(ic::Sampler{ic::Uniform{restriction}, paths.seed});
    }
  }

  std::vector<Path> operator()(std::uint64_t epoch, std::uint64_t step) const {
    return draw_(epoch, step);
  }
  std::size_t paths_per_step() const { return paths_per_step_; }
  std::string text() const { return text_; }

 private:
  template <class Sampler>
  void take(const Sampler& sampler) {
    paths_per_step_ = ic::paths_per_step(sampler);
    text_ = sampler.text();
    draw_ = [sampler](std::uint64_t epoch, std::uint64_t step) {
      const auto paths = ic::paths_of_step(sampler, epoch, step);
      return std::vector<Path>(paths.begin(), paths.end());
    };
  }

  std::size_t paths_per_step_ = 1;
  std::string text_;
  std::function<std::vector<Path>(std::uint64_t, std::uint64_t)> draw_;
};

}  // namespace detail

template <class Network>
class SubnetOf final : public AnySubnet {
 public:
  using Holder = ic::Subnet<AnyPolicyNetwork<Network>>;

  explicit SubnetOf(Holder net) : net_(std::move(net)) {}

  torch::nn::Module& module() override { return *net_; }
  std::string architecture() const override { return ic::to_text(net_->architecture()); }
  ic::Identity identity() const override { return ic::network_identity(net_); }
  at::Tensor forward(const at::Tensor& x) override { return net_->forward(x); }
  void recalibrate(const ic::AnyBatchSource& data) override { ic::recalibrate(net_, data); }
  double accuracy(const ic::AnyBatchSource& data) override {
    net_->eval();
    return ic::accuracy(net_, net_->architecture(), data);
  }
  void save(const std::filesystem::path& path, const ic::Identity& facts) const override {
    ic::save(path, net_, facts);
  }

 private:
  Holder net_;
};

template <class Network>
class SupernetOf final : public AnySupernet {
 public:
  using Space = typename Network::Space;
  using Path = ic::Architecture<Space>;

  explicit SupernetOf(AnyPolicyNetwork<Network> net)
      : net_(std::move(net)), forms_(net_->canonical_forms()) {}

  torch::nn::Module& module() override { return *net_; }
  const std::string& policy() const override { return net_->policy(); }
  ImageShape shape() const override {
    ImageShape shape{.channels = 0, .height = 0, .width = 0, .classes = 0};
    const auto& options = net_->options();
    if constexpr (requires { options.input_channels; }) shape.channels = options.input_channels;
    if constexpr (requires { options.classes; }) shape.classes = options.classes;
    return shape;
  }

  at::Tensor forward(const at::Tensor& x, const std::string& architecture) override {
    return net_->forward(x, ic::from_text<Space>(architecture));
  }
  ic::TrainingRecord train(const StateOptions& state, const ic::AnyBatchSource& data,
                           const Paths& paths, const ic::Training& training,
                           const ProgressReport& report) override {
    return train_with_state(state, net_, data, detail::AnyPathSampler<Space>(paths), training,
                            report);
  }
  Predictions rank(const ic::EvaluationData& data, const std::vector<std::string>& architectures,
                   const ic::RankingOptions& options, const ProgressReport& report) override {
    std::vector<Path> paths;
    for (const std::string& text : architectures) paths.push_back(ic::from_text<Space>(text));
    auto ranking = ic::rank(net_, data, paths, options, report);
    return {std::move(ranking.predictions), ranking.stopped};
  }
  double accuracy(const std::string& architecture, const ic::AnyBatchSource& data) override {
    net_->eval();
    return ic::accuracy(net_, ic::from_text<Space>(architecture), data);
  }
  std::unique_ptr<AnySubnet> extract(const std::string& architecture) override {
    return std::make_unique<SubnetOf<Network>>(
        ic::extract(net_, ic::from_text<Space>(architecture), net_->policy(), net_->options()));
  }
  std::unique_ptr<AnySubnet> fresh(const std::string& architecture) const override {
    return std::make_unique<SubnetOf<Network>>(typename SubnetOf<Network>::Holder(
        ic::from_text<Space>(architecture), "none", net_->options()));
  }
  void save(const std::filesystem::path& path, const ic::Identity& facts) const override {
    ic::save(path, net_, facts);
  }

  ic::Identity evaluation_identity(const ic::EvaluationData& data,
                                   const ic::Recalibration& recalibration) const override {
    return ic::evaluation_identity<Space>(*net_, data, recalibration);
  }
  std::int64_t path_parameters(const std::string& architecture) const override {
    return ic::path_parameters(*net_, ic::from_text<Space>(architecture));
  }
  std::string canonical_form(const std::string& architecture) override {
    const ic::CanonicalForm form = forms_(ic::from_text<Space>(architecture));
    return {form.begin(), form.end()};
  }

 private:
  AnyPolicyNetwork<Network> net_;
  detail::AnyForms<Space> forms_;
};

/// A network by name. `Reference` has the parameters and MACs that searches minimise: those of the
/// space's benchmark, where that has other networks than the super-network is made of.
template <class Network, class Reference = Network>
class NetworkKindOf final : public NetworkKind {
 public:
  using Space = typename Network::Space;
  using Options = typename Network::Options;
  static_assert(std::is_same_v<Space, typename Reference::Space>);

  explicit NetworkKindOf(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  std::string space() const override { return ic::space_signature<Space>(); }
  std::vector<std::string> policies() const override { return Policies::texts(); }

  std::unique_ptr<AnySupernet> make(const std::string& policy, const NetworkSizes& sizes,
                                    const ImageShape& shape) const override {
    return std::make_unique<SupernetOf<Network>>(
        AnyPolicyNetwork<Network>(policy, options_for<Network>(sizes, shape, name_)));
  }
  std::unique_ptr<AnySupernet> load(const std::filesystem::path& path) const override {
    return std::make_unique<SupernetOf<Network>>(ic::load_made(path, [](const auto& identity) {
      return AnyPolicyNetwork<Network>(policy_in(identity), options_in(identity));
    }));
  }
  std::unique_ptr<AnySubnet> load_subnet(const std::filesystem::path& path) const override {
    return std::make_unique<SubnetOf<Network>>(ic::load_made(path, [](const auto& identity) {
      const std::string* const text = identity.find("architecture");
      // Its blocks are fixed, whatever the policy was: the file has what that selected.
      return typename SubnetOf<Network>::Holder(ic::from_text<Space>(text == nullptr ? "" : *text),
                                                "none", options_in(identity));
    }));
  }

  ic::Identity options(const NetworkSizes& sizes, const ImageShape& shape) const override {
    return ic::detail::options_identity(options_for<Network>(sizes, shape, name_));
  }
  ic::Cost cost(const std::string& architecture, const NetworkSizes& sizes,
                const ImageShape& shape) const override {
    return Network::cost(ic::from_text<Space>(architecture),
                         options_for<Network>(sizes, shape, name_), {shape.height, shape.width});
  }

  std::vector<std::string> architectures(const std::string& restriction,
                                         std::uint64_t most) const override {
    std::vector<std::string> texts;
    for (const auto& path :
         ic::distinct_architectures(named_restriction<Space>(restriction), most, ic::Seed{0})) {
      texts.push_back(ic::to_text(path));
    }
    return texts;
  }
  std::optional<std::uint64_t> architecture_count(const std::string& restriction) const override {
    return named_restriction<Space>(restriction).architecture_count();
  }
  std::string spelling(const std::string& architecture) const override {
    return ic::to_text(ic::from_text<Space>(architecture));
  }
  std::uint64_t index(const std::string& architecture) const override {
    const auto path = ic::from_text<Space>(architecture);
    if constexpr (ic::architecture_count<Space>().has_value()) {
      return path.index();
    } else {
      return std::hash<ic::Architecture<Space>>()(path);
    }
  }
  std::vector<std::string> candidates(const std::string& architecture) const override {
    const auto path = ic::from_text<Space>(architecture);
    std::vector<std::string> names;
    for (std::size_t choice = 0; choice < Space::choice_count; ++choice) {
      names.emplace_back(Space::candidate_name(choice, path[choice]));
    }
    return names;
  }

  std::vector<double> table_column(const std::filesystem::path& table, const std::string& column,
                                   const std::vector<std::string>& architectures) const override {
    std::vector<ic::Architecture<Space>> paths;
    for (const std::string& text : architectures) paths.push_back(ic::from_text<Space>(text));
    return ic::TabularBenchmark<Space>::read(table).column(column).values(paths);
  }
  void search(const SearchOptions& options) const override { examples::search<Reference>(options); }

 private:
  static std::string policy_in(const ic::Identity& identity) {
    const std::string* const text = identity.find("policy");
    return text == nullptr ? "" : *text;
  }
  static Options options_in(const ic::Identity& identity) {
    return ic::detail::options_from<Options>(identity);
  }

  std::string name_;
};

}  // namespace examples
