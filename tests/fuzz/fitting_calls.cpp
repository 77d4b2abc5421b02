#include "fitting_calls.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace idn::fuzz {
namespace {

using graph::Attribute;
using graph::AttributeKind;
using graph::AttributeRule;
using graph::Dimension;
using graph::Shape;

using Integers = std::vector<std::int64_t>;

// The size where the batch is 1, for what has to be near it.
std::int64_t near(const Dimension& size) { return size.at(1); }

std::int64_t integer_of(const graph::Attributes& attributes, std::string_view name, std::int64_t otherwise) {
  const auto found = attributes.find(name);
  if (found == attributes.end() || !std::holds_alternative<std::int64_t>(found->second)) return otherwise;
  return std::get<std::int64_t>(found->second);
}

double drawn_number(Draws& draws) {
  static constexpr std::array<double, 12> kNumbers = {1.0,  0.5,   1e-5,  0.0,    2.0,   0.25,
                                                      -1.0, 1e-30, 1e300, -1e300, 1e-12, 20.0};
  return draws.one_of(kNumbers);
}

// A list of numbers for axes in space: small ones above the least.
Integers steps(Draws& draws, std::size_t axes, std::int64_t least, std::int64_t spread) {
  Integers numbers;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    numbers.push_back(least + static_cast<std::int64_t>(draws.below(static_cast<std::size_t>(spread))));
  }
  return numbers;
}

Integers some_axes(Draws& draws, std::size_t rank) {
  Integers axes;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (draws.byte() % 2 == 1) axes.push_back(static_cast<std::int64_t>(axis));
  }
  if (axes.empty() && rank > 0) axes.push_back(static_cast<std::int64_t>(draws.below(rank)));
  return axes;
}

Integers an_order(Draws& draws, std::size_t rank) {
  Integers left;
  for (std::size_t axis = 0; axis < rank; ++axis) left.push_back(static_cast<std::int64_t>(axis));
  Integers order;
  while (!left.empty()) {
    const auto at = left.begin() + static_cast<std::ptrdiff_t>(draws.below(left.size()));
    order.push_back(*at);
    left.erase(at);
  }
  return order;
}

// The same elements: neighbours joined where they can be, axes of one element put in.
Shape another_view(Draws& draws, const Shape& shape) {
  Shape view;
  for (const Dimension& size : shape) {
    if (!view.empty() && draws.byte() % 2 == 1) {
      if (const auto both = multiply(view.back(), size)) {
        view.back() = *both;
        continue;
      }
    }
    if (draws.one_in(8)) view.emplace_back(1);
    view.push_back(size);
  }
  if (view.empty() || draws.one_in(8)) view.emplace_back(1);
  return view;
}

Shape expanded(Draws& draws, const DrawnSizes& sizes, const Shape& shape) {
  Shape larger;
  for (std::size_t more = draws.below(3); more > 0; --more)
    larger.push_back(draws.one_in(3) ? Dimension::batch() : Dimension(drawn_size(draws, sizes)));
  for (const Dimension& size : shape)
    larger.push_back(size == Dimension(1) ? Dimension(drawn_size(draws, sizes)) : size);
  return larger;
}

// What an attribute of integers is about is told by its name, as the operators use one name for one thing.
Integers fitting_integers(Draws& draws, const AttributeRule& rule, const Shape& shape) {
  const std::size_t rank = shape.size();
  const std::size_t space = rank > 2 ? rank - 2 : 1;
  if (rule.name == "axes") return some_axes(draws, rank);
  if (rule.name == "order") return an_order(draws, rank);
  if (rule.name == "amounts") return steps(draws, 2 * rank, 0, 3);
  if (rule.name == "times") return steps(draws, rank, 1, 3);
  if (rule.name == "size") return steps(draws, space, 1, 5);
  if (rule.name == "padding" || rule.name == "output_padding") return steps(draws, space, 0, 2);
  return steps(draws, space, rule.least, 3);  // kernel, stride, dilation
}

std::int64_t fitting_integer(Draws& draws, const AttributeRule& rule, const Shape& shape,
                             const graph::Attributes& so_far) {
  const std::size_t rank = std::max<std::size_t>(shape.size(), 1);
  if (rule.name == "axis") return static_cast<std::int64_t>(draws.below(rank));
  if (rule.name == "axes") return 1 + static_cast<std::int64_t>(draws.below(rank));
  if (rule.name == "groups" && shape.size() > 1 && draws.byte() % 2 == 1) return near(shape[1]);
  if (rule.name == "stop") {
    const auto axis = static_cast<std::size_t>(integer_of(so_far, "axis", 0));
    return axis < shape.size() ? near(shape[axis]) - static_cast<std::int64_t>(draws.below(2)) : 1;
  }
  const std::int64_t least = std::max<std::int64_t>(rule.least, -2);
  return least + static_cast<std::int64_t>(draws.below(4));
}

Attribute fitting(Draws& draws, const DrawnSizes& sizes, const AttributeRule& rule, std::string_view applied,
                  const Shape& shape, const graph::Attributes& so_far) {
  switch (rule.kind) {
    case AttributeKind::kFlag:
      return draws.byte() % 2 == 1;
    case AttributeKind::kInteger:
      return fitting_integer(draws, rule, shape, so_far);
    case AttributeKind::kNumber:
      return drawn_number(draws);
    case AttributeKind::kWord:
      return std::string(draws.one_of(rule.words));
    case AttributeKind::kIntegers:
      return fitting_integers(draws, rule, shape);
    case AttributeKind::kDimensions:
      return applied == "expand" ? expanded(draws, sizes, shape) : another_view(draws, shape);
  }
  return false;
}

// Another value, of which nothing is expected.
void spoil(Draws& draws, const DrawnSizes& sizes, Attribute& attribute) {
  if (auto* integer = std::get_if<std::int64_t>(&attribute)) {
    *integer = draws.odd_integer();
  } else if (auto* number = std::get_if<double>(&attribute)) {
    *number = draws.byte() % 2 == 1 ? std::numeric_limits<double>::quiet_NaN() : 1e308;
  } else if (auto* word = std::get_if<std::string>(&attribute)) {
    word->append("?");
  } else if (auto* integers = std::get_if<Integers>(&attribute)) {
    if (integers->empty() || draws.one_in(4)) {
      integers->push_back(draws.odd_integer());
    } else if (draws.one_in(4)) {
      integers->pop_back();
    } else {
      integers->at(draws.below(integers->size())) = draws.odd_integer();
    }
  } else if (auto* dimensions = std::get_if<Shape>(&attribute)) {
    if (dimensions->empty() || draws.one_in(4)) {
      dimensions->push_back(drawn_size(draws, sizes));
    } else {
      dimensions->at(draws.below(dimensions->size())) = {draws.one_in(2) ? 1 : 0, draws.odd_integer()};
    }
  }
}

// One that broadcasts against a shape: a few of its last axes, those that grow and some others of one
// element.
Shape broadcastable(Draws& draws, const Shape& shape) {
  const std::size_t left_out = draws.below(shape.size() + 1);
  Shape others(shape.begin() + static_cast<std::ptrdiff_t>(left_out), shape.end());
  for (Dimension& size : others) {
    if (!size.is_fixed() || draws.one_in(3)) size = 1;
  }
  return others;
}

Shape fitting_weight(Draws& draws, const graph::Operator& applied, const Shape& shape,
                     const graph::Attributes& attributes) {
  const std::int64_t groups = std::clamp<std::int64_t>(integer_of(attributes, "groups", 1), 1, 1 << 16);
  const std::int64_t channels = shape.size() > 1 ? near(shape[1]) : 1;
  const auto some = static_cast<std::int64_t>(1 + draws.below(4));
  Shape weight = applied.name == "convolution"
                     ? Shape{some * groups, std::max<std::int64_t>(channels / groups, 1)}
                     : Shape{std::max<std::int64_t>(channels, 1), some};
  for (std::size_t axis = 2; axis < shape.size(); ++axis)
    weight.emplace_back(static_cast<std::int64_t>(1 + draws.below(3)));
  return weight;
}

Shape channels_of(const Shape& shape) { return {shape.size() > 1 ? near(shape[1]) : 1}; }

Shape last_axes(const Shape& shape, const graph::Attributes& attributes) {
  const auto axes = static_cast<std::size_t>(std::clamp<std::int64_t>(
      integer_of(attributes, "axes", 1), 0, static_cast<std::int64_t>(shape.size())));
  return {shape.end() - static_cast<std::ptrdiff_t>(axes), shape.end()};
}

}  // namespace

std::int64_t drawn_size(Draws& draws, const DrawnSizes& sizes) {
  static constexpr std::array<std::int64_t, 16> kSmall = {1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 4, 0};
  static constexpr std::array<std::int64_t, 4> kHuge = {(std::int64_t{1} << 31) - 1, 1 << 30, 1 << 20, 65536};
  return sizes.huge && draws.one_in(16) ? draws.one_of(kHuge) : draws.one_of(kSmall);
}

Shape drawn_shape(Draws& draws, const DrawnSizes& sizes, bool grows) {
  static constexpr std::array<std::size_t, 8> kRanks = {4, 2, 3, 4, 1, 5, 2, 0};
  Shape shape;
  for (std::size_t rank = draws.one_of(kRanks); rank > 0; --rank)
    shape.emplace_back(drawn_size(draws, sizes));
  if (!grows || shape.empty()) return shape;
  static const std::vector<Dimension> kGrowing = {{1, 0}, {1, 0}, {1, 0}, {2, 0}, {1, 1}, {3, 2}};
  const std::size_t axis = draws.one_in(16) ? draws.below(shape.size()) : 0;
  shape[axis] = draws.one_of(kGrowing);
  return shape;
}

graph::Attributes fitting_attributes(Draws& draws, const DrawnSizes& sizes, const graph::Operator& applied,
                                     const graph::TensorType& first) {
  graph::Attributes attributes;
  for (const AttributeRule& rule : applied.attributes) {
    if (rule.fallback && draws.byte() % 2 == 0) continue;
    Attribute value = fitting(draws, sizes, rule, applied.name, first.shape, attributes);
    if (draws.one_in(24)) spoil(draws, sizes, value);
    attributes.emplace(rule.name, std::move(value));
  }
  return attributes;
}

Shape fitting_shape(Draws& draws, const DrawnSizes& sizes, const graph::Operator& applied,
                    std::span<const graph::TensorType* const> before, const graph::Attributes& attributes) {
  const Shape& shape = before[0]->shape;
  const std::string_view input = applied.inputs[std::min(before.size(), applied.inputs.size() - 1)].name;
  const Shape* weight = before.size() > 1 && before[1] != nullptr ? &before[1]->shape : nullptr;
  Shape suits;
  if (draws.one_in(24)) {
    suits = drawn_shape(draws, sizes, false);  // batch-norm statistics of a wrong length, and the like
  } else if (input == "bias" && weight != nullptr && weight->size() > 1 &&
             applied.name == "transposed_convolution") {
    // A drawn number of groups may be any; what is far from fitting is refused whatever it is.
    suits = {(*weight)[1].fixed * std::clamp<std::int64_t>(integer_of(attributes, "groups", 1), 0, 64)};
  } else if (input == "bias" && weight != nullptr && !weight->empty()) {
    suits = {(*weight)[0]};  // of a convolution's or a linear one's; of a norm's weight all that it has
    if (applied.name == "layer_normalization") suits = *weight;
  } else if (applied.name.ends_with("convolution")) {
    suits = fitting_weight(draws, applied, shape, attributes);
  } else if (applied.name == "linear") {
    suits = {static_cast<std::int64_t>(1 + draws.below(5)), shape.empty() ? Dimension(1) : shape.back()};
  } else if (applied.name == "matrix_multiply") {
    suits = {shape.empty() ? Dimension(1) : shape.back(), drawn_size(draws, sizes)};
  } else if (applied.name == "layer_normalization" || applied.name == "root_mean_square_normalization") {
    suits = last_axes(shape, attributes);
  } else if (applied.name.ends_with("normalization") || applied.name == "prelu") {
    suits = draws.one_in(8) ? Shape{1} : channels_of(shape);
  } else if (input == "table") {
    suits = {drawn_size(draws, sizes), drawn_size(draws, sizes)};
  } else if (input == "indices") {
    suits = {drawn_size(draws, sizes)};
  } else if (input == "mask") {
    suits = {1};
  } else if (input == "key" || input == "value" || input == "inputs") {
    suits = shape;
  } else {
    suits = broadcastable(draws, shape);
  }
  for (Dimension& size : suits) {
    if (!size.is_fixed()) size = near(size);
  }
  return suits;
}

}  // namespace idn::fuzz
