#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace idn {

/// Why bytes or a text from outside were refused: where, counted in bytes from 0, and what is wrong there.
struct Problem {  // NOLINT(clang-analyzer-core.uninitialized.Assign): it can't see into std::variant
  std::size_t position = 0;
  std::string reason;

  bool operator==(const Problem&) const = default;
};

/// "at byte 3: the reason", for people.
inline std::string to_string(const Problem& problem) {
  return "at byte " + std::to_string(problem.position) + ": " + problem.reason;
}

/// A value, or the problem for which there is none: what comes from outside is never an exception.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Problem problem) : content_(std::in_place_index<1>, std::move(problem)) {}

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; asking a refused result for it is a mistake of the program: std::bad_variant_access.
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  [[nodiscard]] T& value() & { return std::get<0>(content_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::get<0>(std::move(content_)); }
  const T* operator->() const { return &value(); }

  /// Why there is no value.
  [[nodiscard]] const Problem& problem() const { return std::get<1>(content_); }

  /// The value, for a caller whose own input it was: throws std::invalid_argument with position and reason.
  T or_throw(const std::string& what) && {
    if (!ok()) throw std::invalid_argument(what + " is refused " + to_string(problem()) + ".");
    return std::get<0>(std::move(content_));
  }

 private:
  std::variant<T, Problem> content_;
};

}  // namespace idn
