#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace interchoice {

/// Short texts by name that all processes of a group see: who does what, who has failed.
///
/// Every call is atomic, and safe from any thread. *Throws*: what the connection throws.
class SharedStore {
 public:
  SharedStore() = default;
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;
  virtual ~SharedStore() = default;

  /// Nothing where nobody has set it; does not wait.
  virtual std::optional<std::string> get(const std::string& key) = 0;
  /// Sets a text, whatever was there.
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// Adds to a number that begins at 0; the sum.
  virtual std::int64_t add(const std::string& key, std::int64_t amount) = 0;
  /// Sets a value where it is `expected`, empty for one that nobody has set; whether it is `value`
  /// then.
  virtual bool exchange(const std::string& key, const std::string& expected,
                        const std::string& value) = 0;
  /// Forgets a key, also one that nobody has set.
  virtual void remove(const std::string& key) = 0;
};

/// The store of one process.
class MemoryStore final : public SharedStore {
 public:
  std::optional<std::string> get(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

  void set(const std::string& key, const std::string& value) override {
    const std::lock_guard lock(mutex_);
    values_[key] = value;
  }

  std::int64_t add(const std::string& key, std::int64_t amount) override {
    const std::lock_guard lock(mutex_);
    std::string& value = values_[key];
    std::int64_t sum = 0;
    std::from_chars(value.data(), value.data() + value.size(), sum);
    sum += amount;
    value = std::to_string(sum);
    return sum;
  }

  bool exchange(const std::string& key, const std::string& expected,
                const std::string& value) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if ((found == values_.end() ? std::string() : found->second) == expected) values_[key] = value;
    return values_[key] == value;
  }

  void remove(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    values_.erase(key);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
};

}  // namespace interchoice
