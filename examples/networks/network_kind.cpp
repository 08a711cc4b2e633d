#include "examples/networks/network_kind.hpp"

#include <fmt/core.h>

#include <stdexcept>
#include <utility>

#include "examples/networks/supernet_file.hpp"
#include "interchoice/core/detail/joined.hpp"
#include "interchoice/core/shown.hpp"
#include "interchoice/networks/saved_network.hpp"

namespace examples {

namespace {

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const NetworkKind* kind : network_kinds()) all.push_back(kind->name());
  return all;
}

}  // namespace

const NetworkKind& network_kind(const std::string& name) {
  for (const NetworkKind* kind : network_kinds()) {
    if (kind->name() == name) return *kind;
  }
  throw UsageError(
      fmt::format("--space {}: use one of {}", ic::shown(name), ic::detail::joined(names(), ", ")));
}

std::vector<std::string> chosen_architectures(const NetworkKind& kind,
                                              const ArchitectureChoice& choice) {
  if (choice.file.empty()) return kind.architectures(choice.restriction, choice.sample);
  return architectures_in(choice.file, choice.first,
                          [&](const std::string& text) { return kind.spelling(text); });
}

CLI::Option* add_space_option(CLI::App& app, std::string& name) {
  return app.add_option("--space", name, "the network and its space")
      ->check(CLI::IsMember(names()));
}

void add_dependency_option(CLI::App& app, std::string& policy) {
  app.add_option("--dependency", policy,
                 "how weights depend on prior choices; in quotes, since shells know < and >")
      ->check(CLI::IsMember(network_kinds().front()->policies()))
      ->capture_default_str();
}

const NetworkKind* kind_of(const ic::Identity& network, const ic::Identity& facts) {
  const std::string* const space = network.find("space");
  const std::string* const name = facts.find(kNetworkFact);
  const NetworkKind* found = nullptr;
  for (const NetworkKind* kind : network_kinds()) {
    if (space == nullptr || *space != kind->space()) continue;
    if (name != nullptr && *name == kind->name()) return kind;
    if (found == nullptr) found = kind;
  }
  return found;
}

namespace {

const NetworkKind& required_kind(const std::filesystem::path& path, const ic::SavedNetwork& saved) {
  if (const NetworkKind* const kind = kind_of(saved.network, saved.facts)) return *kind;
  const std::string* const text = saved.network.find("space");
  const std::string space = text == nullptr ? "" : *text;
  throw std::runtime_error(fmt::format(
      "{} holds a network of the space {}, none of {}; give one that train_supernet wrote",
      path.string(), ic::shown(space.substr(0, space.find(':'))),
      ic::detail::joined(names(), ", ")));
}

}  // namespace

std::unique_ptr<AnySubnet> load_architecture(const std::filesystem::path& path,
                                             const std::string& architecture,
                                             const ProgramData& data, std::int64_t batch) {
  const ic::SavedNetwork saved = reading(path, [&] { return ic::read_saved_network(path); });
  const NetworkKind& kind = required_kind(path, saved);
  if (const std::string* const own = saved.network.find("architecture")) {
    if (!architecture.empty()) {
      throw UsageError(path.string() + " holds one architecture, " + *own + "; ask for no other");
    }
    return reading(path, [&] { return kind.load_subnet(path); });
  }
  const SupernetFile file(path);
  std::string text;
  try {
    text = kind.spelling(architecture);
  } catch (const std::logic_error& error) {  // std::invalid_argument, std::out_of_range
    throw UsageError(std::string("--architecture: ") + error.what());
  }
  auto subnet = file.load(data, at::kCPU)->extract(text);
  subnet->recalibrate(data.training(batch, ic::Seed{0}));
  return subnet;
}

SupernetFile::SupernetFile(std::filesystem::path file) : path(std::move(file)) {
  const ic::SavedNetwork saved = reading(path, [&] { return ic::read_saved_network(path); });
  const auto text = [](const std::string* fact) { return fact == nullptr ? "" : *fact; };
  kind = &required_kind(path, saved);
  if (saved.network.find("architecture") != nullptr) {
    throw std::runtime_error(fmt::format(
        "{} holds the network of one architecture; give a super-network, such as train_supernet "
        "writes",
        path.string()));
  }
  policy = text(saved.network.find("policy"));
  facts = saved.facts;
}

std::string SupernetFile::label() const {
  std::string label = policy;
  if (stopped() != nullptr) label += ", stopped at " + *stopped();
  return terminal_text(label, 200);
}

void SupernetFile::print_note(const std::string& program) const {
  if (stopped() == nullptr) return;
  print_message(program, path.string() + " is a half-trained network, stopped at " + *stopped());
}

std::unique_ptr<AnySupernet> SupernetFile::load(const ProgramData& data, at::Device device) const {
  auto net = reading(path, [&] { return kind->load(path); });
  const ImageShape shape = net->shape();
  const auto differs = [](std::int64_t here, std::int64_t there) {
    return here != 0 && here != there;
  };
  if (differs(shape.channels, data.shape.channels) || differs(shape.classes, data.shape.classes)) {
    throw std::runtime_error(fmt::format(
        "{} is for images of {} channels and {} classes, '{}' has {} and {}; give the data that it "
        "was trained on",
        path.string(), shape.channels, shape.classes, data.name, data.shape.channels,
        data.shape.classes));
  }
  net->module().to(device);
  return net;
}

}  // namespace examples
