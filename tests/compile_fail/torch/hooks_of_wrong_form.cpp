// expect: interchoice: the hook `input_vector` of a dependency_state needs the form
// expect: at::Tensor input_vector(const Selection&)`; change it, or rename the member
// expect: interchoice: the hook `before` of a dependency_state needs the form
// expect: interchoice: the hook `copy` of a dependency_state needs the form
// expect: interchoice: the hook `begin_epoch` of a dependency_state needs the form
// expect: interchoice: the hook `input_scale` of a dependency_state needs the form
// expect: interchoice: the hook `after` of a dependency_state needs the form
// expect: interchoice: the hook `norm_adjustment` of a dependency_state needs the form
// expect: interchoice: the hook `split` of a dependency_state needs the form
// expect: interchoice: the hook `is_split` of a dependency_state needs the form
// expect: interchoice: the hooks `split` and `is_split` of a dependency_state need each other
// expect: mistaken
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/operations/skip.hpp"
#include "interchoice/spaces/chain.hpp"

namespace ic = interchoice;

struct mistaken {
  static constexpr std::string_view name = "mistaken";
  static constexpr std::size_t depth = 1;
};
struct mistaken_too {
  static constexpr std::string_view name = "mistaken_too";
  static constexpr std::size_t depth = 1;
};
struct alone {
  static constexpr std::string_view name = "alone";
  static constexpr std::size_t depth = 1;
};

// Each beside `after`, which is right.
template <>
struct ic::dependency_state<mistaken> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  at::Tensor after(const at::Tensor& y, const ic::Selection&) const { return y; }
#ifdef INTERCHOICE_POSITIVE
  at::Tensor input_vector(const ic::Selection&) const { return {}; }
  at::Tensor before(const at::Tensor& x, const ic::Selection&) const { return x; }
  std::size_t copy(const ic::Selection&) const { return 0; }
  ic::NewParameters begin_epoch(std::size_t, ic::CandidateBank&) { return {}; }
#else
  at::Tensor input_vector(std::size_t row) const;
  template <class T>
  void before(const T& x, const ic::Selection& selection) const;
  std::size_t copy() const;
  void begin_epoch(std::size_t, ic::CandidateBank&);
#endif
};

// Each beside `before`, which is right.
template <>
struct ic::dependency_state<mistaken_too> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  at::Tensor before(const at::Tensor& x, const ic::Selection&) const { return x; }
#ifdef INTERCHOICE_POSITIVE
  at::Tensor input_scale(const ic::Selection&) const { return {}; }
  at::Tensor after(const at::Tensor& y, const ic::Selection&) const { return y; }
  ic::NormAdjustment norm_adjustment(const ic::Selection&) const { return {}; }
  ic::NewParameters split(ic::CandidateBank&) { return {}; }
  bool is_split() const { return false; }
#else
  double input_scale(const ic::Selection&) const;
  at::Tensor after(const at::Tensor& y) const;
  at::Tensor norm_adjustment(const ic::Selection&) const;
  ic::NewParameters split();
  bool is_split();
#endif
};

template <>
struct ic::dependency_state<alone> {
  dependency_state(torch::nn::Module&, const ic::Site&) {}
  ic::NewParameters split(ic::CandidateBank&) { return {}; }
#ifdef INTERCHOICE_POSITIVE
  bool is_split() const { return false; }
#endif
};

using Space = ic::Chain<2, ic::Candidates<ic::Skip>>;
template class ic::ChoiceBlockImpl<Space, ic::compose<ic::bias<1, ic::dataflow>, alone>>;
template class ic::ChoiceBlockImpl<Space, ic::keep_inert<mistaken>>;
template class ic::ChoiceBlockImpl<Space, mistaken_too>;
