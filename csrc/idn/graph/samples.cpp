#include "idn/graph/samples.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string_view>

#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

using Axis = std::optional<std::size_t>;

// What an input of a node says of samples: nothing (the same for all), or along which axis they lie. A node
// with an input that mixes samples never comes this far.
struct Read {
  const Shape* shape = nullptr;
  Axis samples;  // none: the same for all samples
};

// A node that has passed the checks, of which one input at least has a sample axis and none mixes samples.
struct Applied {
  std::vector<Read> inputs;  // without a shape where one is left out
  const Attributes* attributes = nullptr;
  const Shape* output = nullptr;

  [[nodiscard]] std::size_t rank(std::size_t index) const { return inputs[index].shape->size(); }
  [[nodiscard]] Axis samples(std::size_t index) const { return inputs[index].samples; }

  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    return std::get<std::int64_t>(attributes->find(name)->second);
  }
  [[nodiscard]] std::size_t axis() const { return static_cast<std::size_t>(integer("axis")); }
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view name) const {
    return std::get<std::vector<std::int64_t>>(attributes->find(name)->second);
  }

  // Whether all inputs but the first are the same for all samples: weights, statistics, tables.
  [[nodiscard]] bool only_first_has_samples() const {
    return std::ranges::all_of(inputs.begin() + 1, inputs.end(),
                               [](const Read& read) { return !read.samples; });
  }
};

// The sample axis of the output, or nothing where samples are or may be mixed.
using Rule = Axis (*)(const Applied&);

Axis of_first(const Applied& call) { return call.only_first_has_samples() ? call.samples(0) : std::nullopt; }

// Operators that know axis 0 as the batch, and others as channels and space.
Axis of_first_if_batch(const Applied& call) { return of_first(call) == Axis(0) ? Axis(0) : std::nullopt; }

// Axes are aligned from the last. An input that is the same for all samples has one element, or none, where
// another has a sample axis: a fixed size never equals one that grows.
Axis broadcast_together(const Applied& call) {
  Axis found;
  for (std::size_t index = 0; index < call.inputs.size(); ++index) {
    const Axis samples = call.samples(index);
    if (!samples) continue;
    const std::size_t axis = *samples + call.output->size() - call.rank(index);
    if (found && *found != axis) return std::nullopt;
    found = axis;
  }
  return found;
}

Axis beside_one_axis(const Applied& call) {
  return call.samples(0) == call.axis() ? std::nullopt : of_first(call);
}

Axis beside_some_axes(const Applied& call) {
  const bool along = std::ranges::any_of(call.integers("axes"), [&](std::int64_t axis) {
    return call.samples(0) == static_cast<std::size_t>(axis);
  });
  return along ? std::nullopt : of_first(call);
}

// Where the sample axis comes to lie when these axes, of which it is none, go or stay with one element.
Axis reduced(const Applied& call, const std::vector<std::int64_t>& axes) {
  const Axis samples = call.samples(0);
  if (!samples) return std::nullopt;
  std::size_t before = 0;
  for (const std::int64_t axis : axes) {
    if (static_cast<std::size_t>(axis) == *samples) return std::nullopt;
    if (static_cast<std::size_t>(axis) < *samples) ++before;
  }
  return std::get<bool>(call.attributes->find("keep")->second) ? *samples : *samples - before;
}

Axis reduced_over_axes(const Applied& call) { return reduced(call, call.integers("axes")); }
Axis reduced_over_axis(const Applied& call) { return reduced(call, {call.integer("axis")}); }

Axis concatenated(const Applied& call) {
  for (const Read& read : call.inputs) {
    if (read.samples != call.samples(0)) return std::nullopt;
  }
  return call.samples(0) == call.axis() ? std::nullopt : call.samples(0);
}

Axis padded(const Applied& call) {
  const auto& amounts = call.integers("amounts");
  const Axis samples = call.samples(0);
  if (!samples) return std::nullopt;
  return amounts[2 * *samples] == 0 && amounts[2 * *samples + 1] == 0 ? samples : std::nullopt;
}

Axis tiled(const Applied& call) {
  const Axis samples = call.samples(0);
  return samples && call.integers("times")[*samples] == 1 ? samples : std::nullopt;
}

Axis permuted(const Applied& call) {
  const auto& order = call.integers("order");
  const Axis samples = call.samples(0);
  if (!samples) return std::nullopt;
  const auto found = std::ranges::find(order, static_cast<std::int64_t>(*samples));
  return static_cast<std::size_t>(found - order.begin());
}

Axis growing_axis(const Shape& shape) {
  const auto found = std::ranges::find_if(shape, [](const Dimension& size) { return !size.is_fixed(); });
  return found == shape.end() ? std::nullopt : Axis(static_cast<std::size_t>(found - shape.begin()));
}

// Elements before * each * B * after: in memory, chunks of each * after elements go round the samples, before
// times. They are the same chunks after the reshape exactly where it has as many elements before its axis.
Axis reshaped(const Applied& call) {
  const Axis axis = growing_axis(*call.output);
  const Axis samples = call.samples(0);
  if (!axis || !samples) return std::nullopt;
  const std::int64_t before = rules::count(std::span(*call.inputs[0].shape).first(*samples), 0);
  return rules::count(std::span(*call.output).first(*axis), 0) == before ? axis : std::nullopt;
}

// Either the samples of the input are gathered from beside their axis, or each sample gathers from what is
// the same for all.
Axis gathered(const Applied& call) {
  if (call.samples(0) && call.samples(1)) return std::nullopt;
  if (call.samples(1)) return call.axis();
  return beside_one_axis(call);
}

// The last axis of the first and the last but one of the second are summed over.
Axis multiplied(const Applied& call) {
  if (call.samples(0) == call.rank(0) - 1) return std::nullopt;
  if (call.samples(1) == call.rank(1) - 2) return std::nullopt;
  return broadcast_together(call);
}

// Samples in the axes before length and size, of query, key and value alike, and of a mask that has them.
Axis attended(const Applied& call) {
  const Axis samples = call.samples(0);
  if (!samples || *samples + 2 >= call.rank(0)) return std::nullopt;
  if (call.samples(1) != samples || call.samples(2) != samples) return std::nullopt;
  return broadcast_together(call);
}

Axis linear(const Applied& call) {
  return call.samples(0) == call.rank(0) - 1 ? std::nullopt : of_first(call);
}

Axis last_axes_normalized(const Applied& call) {
  const std::size_t kept = call.rank(0) - static_cast<std::size_t>(call.integer("axes"));
  const Axis samples = of_first(call);
  return samples && *samples < kept ? samples : std::nullopt;
}

// Every operator of version 1 that is known to keep samples apart somewhere. What is not here mixes them.
const std::map<std::string_view, Rule>& rules_by_name() {
  static const std::map<std::string_view, Rule> all = [] {
    std::map<std::string_view, Rule> made;
    const auto add = [&made](Rule rule, std::initializer_list<std::string_view> names) {
      for (const std::string_view name : names) made.emplace(name, rule);
    };
    add(of_first,
        {"absolute", "cast",  "ceil",        "clamp",     "cos",        "elu",      "erf",         "exp",
         "floor",    "gelu",  "hardsigmoid", "hardswish", "leaky_relu", "log",      "logical_not", "mish",
         "negate",   "prelu", "reciprocal",  "relu",      "round",      "rsqrt",    "sigmoid",     "sign",
         "silu",     "sin",   "softplus",    "sqrt",      "tanh",       "embedding"});
    add(broadcast_together, {"add", "divide", "equal", "greater", "greater_equal", "less", "less_equal",
                             "logical_and", "logical_or", "maximum", "minimum", "multiply", "not_equal",
                             "power", "select", "subtract", "expand"});
    add(beside_one_axis, {"cumulative_sum", "log_softmax", "slice", "softmax"});
    add(beside_some_axes, {"flip"});
    add(reduced_over_axes, {"reduce_max", "reduce_mean", "reduce_min", "reduce_sum", "variance"});
    add(reduced_over_axis, {"argmax", "argmin"});
    add(of_first_if_batch,
        {"adaptive_average_pool", "adaptive_max_pool", "average_pool", "batch_normalization", "convolution",
         "group_normalization", "instance_normalization", "interpolate", "local_response_normalization",
         "max_pool", "pixel_shuffle", "transposed_convolution"});
    add(last_axes_normalized, {"layer_normalization", "root_mean_square_normalization"});
    add(attended, {"attention"});
    add(concatenated, {"concatenate"});
    add(gathered, {"gather"});
    add(linear, {"linear"});
    add(multiplied, {"matrix_multiply"});
    add(padded, {"pad"});
    add(permuted, {"permute"});
    add(reshaped, {"reshape"});
    add(tiled, {"tile"});
    return made;
  }();
  return all;
}

enum class Kind : std::uint8_t { kIndependent, kApart, kMixed };

struct State {
  Kind kind = Kind::kMixed;
  std::size_t axis = 0;
};

bool grows(const Shape& shape) { return growing_axis(shape).has_value(); }

// Whatever a rule says, a sample axis is the one axis that grows, and has no part beside the samples.
State apart(const Shape& shape, Axis axis) {
  const auto growing = std::ranges::count_if(shape, [](const Dimension& size) { return !size.is_fixed(); });
  if (!axis || growing != 1 || shape[*axis].is_fixed() || shape[*axis].fixed != 0) return {};
  return {Kind::kApart, *axis};
}

State of_input(const Shape& shape) {
  return grows(shape) ? apart(shape, growing_axis(shape)) : State{Kind::kIndependent};
}

State of_output(const Graph& graph, const Node& node, const std::vector<State>& states, const Shape& output) {
  Applied call{.inputs = {}, .attributes = &node.attributes, .output = &output};
  bool any = false;
  for (const auto& input : node.inputs) {
    if (!input) {
      call.inputs.emplace_back();
      continue;
    }
    const State& state = states[*input];
    if (state.kind == Kind::kMixed) return {};
    any = any || state.kind == Kind::kApart;
    call.inputs.push_back(
        {&graph.type(*input).shape, state.kind == Kind::kApart ? Axis(state.axis) : std::nullopt});
  }
  if (!any && !grows(output)) return {Kind::kIndependent};
  // What is the same for all samples is so too when it is repeated for each of them.
  if (!any) return node.applied->name == "expand" ? apart(output, growing_axis(output)) : State{};
  const auto rule = rules_by_name().find(node.applied->name);
  if (node.applied->version != 1 || rule == rules_by_name().end() || node.outputs != 1) return {};
  return apart(output, rule->second(call));
}

std::vector<State> states(const Graph& graph) {
  std::vector<State> found(graph.values(), State{Kind::kIndependent});
  for (ValueId value = 0; value < graph.inputs().size(); ++value)
    found[value] = of_input(graph.type(value).shape);
  for (const Node& node : graph.nodes()) {
    for (std::uint32_t k = 0; k < node.outputs; ++k) {
      const ValueId value = node.first_output + k;
      found[value] = of_output(graph, node, found, graph.type(value).shape);
    }
  }
  return found;
}

}  // namespace

std::vector<std::optional<SampleAxis>> sample_axes(const Graph& graph) {
  std::vector<std::optional<SampleAxis>> axes;
  axes.reserve(graph.values());
  for (const State& state : states(graph)) {
    const Shape& shape = graph.type(static_cast<ValueId>(axes.size())).shape;
    axes.push_back(state.kind == Kind::kApart
                       ? std::optional(SampleAxis{state.axis, shape[state.axis].per_batch})
                       : std::nullopt);
  }
  return axes;
}

std::vector<bool> independent(const Graph& graph) {
  std::vector<bool> found;
  for (const State& state : states(graph)) found.push_back(state.kind == Kind::kIndependent);
  return found;
}

std::vector<bool> keeps_samples(const Graph& graph) {
  // No rule makes mixed samples apart again, so where the answer of an exit keeps them apart, so does all
  // that it was computed from.
  const auto axes = sample_axes(graph);
  std::vector<bool> keeps(graph.exits().size(), true);
  for (std::size_t exit = keeps.size(); exit-- > 1;)
    keeps[exit - 1] = keeps[exit] && axes[graph.exits()[exit].value].has_value();
  return keeps;
}

}  // namespace idn::graph
