#pragma once

#include <cstddef>

namespace interchoice {

/// Is told what of a network is used, before it is: so an optimizer need not touch the weights of
/// candidates that no path asks for, and still nobody sees that.
class UseObserver {
 public:
  UseObserver() = default;
  UseObserver(const UseObserver&) = delete;
  UseObserver& operator=(const UseObserver&) = delete;
  virtual ~UseObserver() = default;

  /// The candidate with that number, counted from 0 over the network's banks, will run.
  virtual void before_use(std::size_t candidate) = 0;
  /// Weights of any candidate will be read as they lie in memory: saved, copied, compared.
  virtual void before_read() = 0;
  /// Another observer takes its place in a bank, or nobody does: nothing may be put off any more.
  virtual void released() = 0;
};

}  // namespace interchoice
