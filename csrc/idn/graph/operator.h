#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "idn/graph/attribute.h"
#include "idn/graph/tensor_type.h"

namespace idn::graph {

/// One input that an operator takes.
struct InputRule {
  std::string_view name;
  DTypes dtypes;
  bool optional = false;  ///< may be left out
  bool repeated = false;  ///< the last input: one or more, as those of a concatenation
};

/// One attribute that an operator takes, with what may be said of it without seeing the inputs.
struct AttributeRule {
  std::string_view name;
  AttributeKind kind;
  std::optional<Attribute> fallback =
      std::nullopt;  ///< what it is where a node says nothing; else it must be said
  std::int64_t least = std::numeric_limits<std::int32_t>::min();  ///< of each integer
  std::int64_t most = std::numeric_limits<std::int32_t>::max();   ///< of each integer
  std::size_t shortest = 0;                                       ///< of a list
  std::size_t longest = 8;                                        ///< of a list
  std::vector<std::string_view> words = {};                       ///< the words allowed
};

/// An operator applied: the types of its inputs (null for one left out) and all its attributes, the fallbacks
/// among them.
class Call {
 public:
  Call(std::span<const TensorType* const> inputs, const Attributes& attributes)
      : inputs_(inputs), attributes_(&attributes) {}

  [[nodiscard]] std::size_t size() const { return inputs_.size(); }
  [[nodiscard]] bool has(std::size_t index) const {
    return index < inputs_.size() && inputs_[index] != nullptr;
  }
  [[nodiscard]] const TensorType& input(std::size_t index) const { return *inputs_[index]; }
  [[nodiscard]] const Shape& shape(std::size_t index) const { return inputs_[index]->shape; }

  [[nodiscard]] bool flag(std::string_view name) const { return get<bool>(name); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return get<std::int64_t>(name); }
  [[nodiscard]] double number(std::string_view name) const { return get<double>(name); }
  [[nodiscard]] const std::string& word(std::string_view name) const { return get<std::string>(name); }
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view name) const {
    return get<std::vector<std::int64_t>>(name);
  }
  [[nodiscard]] const std::vector<Dimension>& dimensions(std::string_view name) const {
    return get<std::vector<Dimension>>(name);
  }

 private:
  template <class T>
  [[nodiscard]] const T& get(std::string_view name) const {
    return std::get<T>(attributes_->find(name)->second);
  }

  std::span<const TensorType* const> inputs_;
  const Attributes* attributes_;
};

/// The types of what an operator gives, or why it can't be applied.
class Types {
 public:
  Types(TensorType only) : types_{std::move(only)} {}                 // NOLINT: a type is one output
  Types(std::vector<TensorType> types) : types_(std::move(types)) {}  // NOLINT
  static Types refused(std::string reason) { return Types(Refusal{std::move(reason)}); }

  [[nodiscard]] bool ok() const { return reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::vector<TensorType>& types() const { return types_; }

 private:
  struct Refusal {
    std::string reason;
  };
  explicit Types(Refusal refusal) : reason_(std::move(refusal.reason)) {}

  std::vector<TensorType> types_;
  std::string reason_;
};

/// An operator of the set: pure, versioned, the same under every release of torch.
///
/// `types` checks a call whose inputs and attributes keep the rules, for every batch, and gives the output
/// types. `operations` counts what one call at a batch does, by docs/operations.md: a multiply-add is two. It
/// is asked only where `types` accepted, with sizes at that batch, and saturates instead of overflowing.
struct Operator {
  std::string_view name;
  int version = 1;
  std::string_view summary;  ///< one line for the reference
  std::vector<InputRule> inputs = {};
  std::vector<AttributeRule> attributes = {};
  Types (*types)(const Call& call) = nullptr;
  std::int64_t (*operations)(const Call& call, std::span<const TensorType> outputs,
                             std::int64_t batch) = nullptr;
};

/// All operators, sorted by name and version.
std::span<const Operator> operators();

/// The operator of this name and version, or null.
const Operator* find_operator(std::string_view name, int version);

/// Checks a call against the rules of an operator, completes its attributes, and asks for the output types.
///
/// Nothing that comes from a package reaches an operator's own functions by another way.
Types apply(const Operator& applied, std::span<const TensorType* const> inputs, Attributes& attributes);

}  // namespace idn::graph
