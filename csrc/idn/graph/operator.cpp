#include "idn/graph/operator.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

constexpr std::size_t kMostAxes = 8;

std::vector<Operator> collected() {
  std::vector<Operator> all;
  for (const auto family :
       {rules::activations, rules::arithmetic, rules::attentions, rules::comparisons, rules::convolutions,
        rules::indexing, rules::interpolations, rules::joining, rules::linear, rules::normalizations,
        rules::pooling, rules::reductions, rules::reshaping}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  std::ranges::sort(all, {}, [](const Operator& one) { return std::pair(one.name, one.version); });
  return all;
}

std::string quoted(std::string_view name) { return std::string("'").append(name).append("'"); }

// A list of integers is checked number by number, a list of dimensions by its parts' own bounds.
std::string out_of_range(const AttributeRule& rule, std::span<const std::int64_t> values) {
  for (const std::int64_t value : values) {
    if (value < rule.least || value > rule.most) {
      return quoted(rule.name) + " holds " + std::to_string(value) + ", expected from " +
             std::to_string(rule.least) + " to " + std::to_string(rule.most);
    }
  }
  return {};
}

std::string wrong_length(const AttributeRule& rule, std::size_t length) {
  if (length >= rule.shortest && length <= rule.longest) return {};
  return quoted(rule.name) + " has " + std::to_string(length) + " entries, expected from " +
         std::to_string(rule.shortest) + " to " + std::to_string(rule.longest);
}

std::string wrong_word(const AttributeRule& rule, const std::string& word) {
  if (std::ranges::find(rule.words, word) != rule.words.end()) return {};
  std::string words;
  for (const std::string_view one : rule.words) words += (words.empty() ? "" : ", ") + std::string(one);
  return quoted(rule.name) + " is not one of " + words;
}

std::string wrong_value(const AttributeRule& rule, const Attribute& value) {
  if (kind_of(value) != rule.kind) {
    return quoted(rule.name) + " is a " + std::string(to_string(kind_of(value))) + ", expected a " +
           std::string(to_string(rule.kind));
  }
  switch (rule.kind) {
    case AttributeKind::kFlag:
      return {};
    case AttributeKind::kInteger:
      return out_of_range(rule, std::span(&std::get<std::int64_t>(value), 1));
    case AttributeKind::kNumber:
      return std::isfinite(std::get<double>(value)) ? std::string() : quoted(rule.name) + " is not finite";
    case AttributeKind::kWord:
      return wrong_word(rule, std::get<std::string>(value));
    case AttributeKind::kIntegers: {
      const auto& values = std::get<std::vector<std::int64_t>>(value);
      std::string wrong = wrong_length(rule, values.size());
      return wrong.empty() ? out_of_range(rule, values) : wrong;
    }
    case AttributeKind::kDimensions: {
      const auto& sizes = std::get<std::vector<Dimension>>(value);
      if (!std::ranges::all_of(sizes, &Dimension::valid))
        return quoted(rule.name) + " holds a size out of range";
      return wrong_length(rule, sizes.size());
    }
  }
  return quoted(rule.name) + " is of no known kind";
}

std::string complete(const Operator& applied, Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    if (std::ranges::find(applied.attributes, std::string_view(name), &AttributeRule::name) ==
        applied.attributes.end()) {
      return "it takes no attribute " + quoted(name.substr(0, 64));
    }
  }
  for (const AttributeRule& rule : applied.attributes) {
    const auto given = attributes.find(rule.name);
    if (given != attributes.end()) {
      if (std::string wrong = wrong_value(rule, given->second); !wrong.empty()) return wrong;
    } else if (rule.fallback) {
      attributes.emplace(rule.name, *rule.fallback);
    } else {
      return "attribute " + quoted(rule.name) + " is missing";
    }
  }
  return {};
}

std::string wrong_inputs(const Operator& applied, std::span<const TensorType* const> inputs) {
  const std::vector<InputRule>& rules = applied.inputs;
  const bool repeated = !rules.empty() && rules.back().repeated;
  if (inputs.size() > rules.size() && !repeated) {
    return "it takes " + std::to_string(rules.size()) + " inputs, not " + std::to_string(inputs.size());
  }
  for (std::size_t index = 0; index < std::max(inputs.size(), rules.size()); ++index) {
    const InputRule& rule = rules[std::min(index, rules.size() - 1)];
    const TensorType* input = index < inputs.size() ? inputs[index] : nullptr;
    if (input == nullptr) {
      if (!rule.optional)
        return "input " + std::to_string(index) + " (" + std::string(rule.name) + ") is missing";
    } else if (!rule.dtypes.contains(input->dtype)) {
      return "input " + std::to_string(index) + " (" + std::string(rule.name) + ") is " +
             std::string(to_string(input->dtype)) + ", expected " + rule.dtypes.text();
    }
  }
  return {};
}

std::string wrong_output(const TensorType& type) {
  if (type.shape.size() > kMostAxes) return "the output has more than 8 dimensions";
  if (!std::ranges::all_of(type.shape, &Dimension::valid))
    return "the output " + type.text() + " has a size out of range";
  if (!elements(type.shape))
    return "the output " + type.text() + " has too many elements, or as many as the square of the batch";
  return {};
}

}  // namespace

std::span<const Operator> operators() {
  static const std::vector<Operator> all = collected();
  return all;
}

const Operator* find_operator(std::string_view name, int version) {
  const auto found = std::ranges::find_if(
      operators(), [&](const Operator& one) { return one.name == name && one.version == version; });
  return found == operators().end() ? nullptr : &*found;
}

Types apply(const Operator& applied, std::span<const TensorType* const> inputs, Attributes& attributes) {
  if (std::string wrong = wrong_inputs(applied, inputs); !wrong.empty()) return Types::refused(wrong);
  if (std::string wrong = complete(applied, attributes); !wrong.empty()) return Types::refused(wrong);
  Types types = applied.types(Call(inputs, attributes));
  for (const TensorType& type : types.types()) {
    if (std::string wrong = wrong_output(type); !wrong.empty()) return Types::refused(wrong);
  }
  return types;
}

}  // namespace idn::graph
