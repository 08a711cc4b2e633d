// A whole checkpoint of which a stranger changed the description or the tensors, its digest made
// anew: what can a description make `load` do?
//
// The first byte chooses the network. Lines of an input are "name TAB text": the metadata entry has
// that text instead; "-name TAB" removes an entry or a tensor, "+name TAB 2,3" adds a tensor of
// that shape.

#include <ATen/Functions.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "faults/tiny_network.hpp"
#include "fuzz/memory_file.hpp"
#include "interchoice/io/safetensors.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/saved_network.hpp"

namespace ic = interchoice;

namespace {

using Chain = ic::testing::TinyNet<ic::bias<1>>;
using Cells = ic::Supernet<ic::NasBench201<>, ic::split<1>>;

std::vector<std::int64_t> shape_in(std::string_view text) {
  std::vector<std::int64_t> shape;
  for (const char c : text) {
    if (c == ',') {
      shape.push_back(0);
    } else if (c >= '0' && c <= '9') {
      if (shape.empty()) shape.push_back(0);
      shape.back() = (shape.back() * 10 + (c - '0')) % 100;
    }
  }
  if (shape.size() > 3) shape.resize(3);
  return shape;
}

void change(ic::TensorFile& file, std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == line.npos || tab == 0) return;
  const std::string name(line.substr(0, tab));
  const std::string_view text = line.substr(tab + 1);
  if (name.front() == '-') {
    file.metadata.erase(name.substr(1));
    file.tensors.erase(name.substr(1));
  } else if (name.front() == '+') {
    file.tensors[name.substr(1)] = at::zeros(shape_in(text));
  } else {
    file.metadata[name] = text;
  }
}

template <class Net>
void load_changed(const Net& net, std::string_view text) {
  const auto path = ic::testing::fuzz_folder() / "net.safetensors";
  ic::TensorFile file = ic::detail::network_file(net, {});
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    change(file, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  try {
    ic::write_tensor_file(path, file);
    ic::load<Net>(path);
  } catch (const std::runtime_error&) {
  } catch (const c10::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Chain chain;
  static const Cells cells(ic::NasBench201Options{
      .input_channels = 1, .classes = 3, .width = 2, .cells_per_stage = {1}});
  if (size == 0) return 0;
  const std::string_view text = ic::testing::as_text(data + 1, size - 1);
  data[0] % 2 == 0 ? load_changed(chain, text) : load_changed(cells, text);
  return 0;
}
