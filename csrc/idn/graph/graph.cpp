#include "idn/graph/graph.h"

#include <algorithm>
#include <set>

#include "idn/core/printable.h"
#include "idn/core/utf8.h"
#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

constexpr std::string_view kReservedName = "__metadata__";  // a package's header has the graph there

std::string wrong_name(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > GraphBuilder::kMaxName) return "the name has more than 256 bytes";
  if (utf8_prefix(name) != name.size()) return "the name is not UTF-8";
  for (const char one : name) {
    if (static_cast<unsigned char>(one) < 0x20 || one == 0x7f) return "the name holds a control character";
  }
  return {};
}

std::string wrong_type(const TensorType& type) {
  constexpr std::size_t kMostAxes = 8;
  if (type.shape.size() > kMostAxes) return type.text() + " has more than 8 dimensions";
  if (!std::ranges::all_of(type.shape, &Dimension::valid)) return type.text() + " has a size out of range";
  if (!elements(type.shape)) return type.text() + " has too many elements";
  return {};
}

template <class Named>
bool is_there(const std::vector<Named>& all, std::string_view name) {
  return std::ranges::find(all, name, &Named::name) != all.end();
}

}  // namespace

std::int64_t Graph::operations(const Node& node, std::int64_t batch) const {
  std::vector<const TensorType*> inputs;
  inputs.reserve(node.inputs.size());
  for (const auto& input : node.inputs) inputs.push_back(input ? &types_[*input] : nullptr);
  const std::span outputs(&types_[node.first_output], node.outputs);
  return node.applied->operations(Call(inputs, node.attributes), outputs, batch);
}

std::int64_t Graph::operations(std::int64_t batch) const {
  std::int64_t sum = 0;
  for (const Node& node : nodes_) sum = rules::plus(sum, operations(node, batch));
  return sum;
}

Result<ValueId> GraphBuilder::add_input(std::string name, TensorType type) {
  const std::size_t index = graph_.inputs_.size();
  if (index == kMaxInputs) return Problem{index, "a graph has at most 64 inputs"};
  if (!graph_.constants_.empty() || !graph_.nodes_.empty()) return Problem{index, "inputs come first"};
  for (std::string wrong : {wrong_name(name), wrong_type(type)}) {
    if (!wrong.empty()) return Problem{index, std::move(wrong)};
  }
  if (is_there(graph_.inputs_, name)) return Problem{index, "the name '" + name + "' is there twice"};
  graph_.types_.push_back(type);
  graph_.inputs_.push_back({std::move(name), std::move(type)});
  return static_cast<ValueId>(graph_.types_.size() - 1);
}

Result<ValueId> GraphBuilder::add_constant(std::string name, TensorType type) {
  const std::size_t index = graph_.constants_.size();
  if (index == kMaxConstants) return Problem{index, "a graph has at most 65536 constants"};
  if (!graph_.nodes_.empty()) return Problem{index, "constants come before nodes"};
  for (std::string wrong : {wrong_name(name), wrong_type(type)}) {
    if (!wrong.empty()) return Problem{index, std::move(wrong)};
  }
  if (name == kReservedName) return Problem{index, "the name '__metadata__' is that of no tensor"};
  if (!std::ranges::all_of(type.shape, &Dimension::is_fixed))
    return Problem{index, "a constant does not grow with the batch"};
  if (index > 0 && name <= graph_.constants_.back().name) {
    return Problem{index, "the constants are not in the order of their names, each once"};
  }
  graph_.types_.push_back(type);
  graph_.constants_.push_back({std::move(name), std::move(type)});
  return static_cast<ValueId>(graph_.types_.size() - 1);
}

Result<ValueId> GraphBuilder::add_node(std::string_view name, int version,
                                       std::vector<std::optional<ValueId>> inputs, Attributes attributes,
                                       std::string tier) {
  const std::size_t index = graph_.nodes_.size();
  if (index == kMaxNodes) return Problem{index, "a graph has at most 65536 nodes"};
  if (inputs.size() > kMaxNodeInputs) return Problem{index, "a node has at most 1024 inputs"};
  if (!graph_.exits_.empty()) return Problem{index, "nodes come before exits"};
  if (!tier.empty()) {
    if (std::string wrong = wrong_name(tier); !wrong.empty()) return Problem{index, "tier: " + wrong};
  }
  const Operator* applied = find_operator(name, version);
  if (applied == nullptr) {
    return Problem{index,
                   "there is no operator " + in_quotes(name) + " of version " + std::to_string(version)};
  }
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  std::vector<const TensorType*> types;
  types.reserve(inputs.size());
  for (const auto& input : inputs) {
    if (input && *input >= graph_.types_.size()) {
      return Problem{index, "value " + std::to_string(*input) +
                                " is not there yet; values so far: " + std::to_string(graph_.types_.size())};
    }
    types.push_back(input ? &graph_.types_[*input] : nullptr);
  }
  const Types outputs = apply(*applied, types, attributes);
  if (!outputs.ok()) return Problem{index, printable(std::string(name) + ": " + outputs.reason())};
  const auto first = static_cast<ValueId>(graph_.types_.size());
  graph_.types_.insert(graph_.types_.end(), outputs.types().begin(), outputs.types().end());
  graph_.nodes_.push_back({applied, std::move(inputs), std::move(attributes), first,
                           static_cast<std::uint32_t>(outputs.types().size()), std::move(tier)});
  return first;
}

std::optional<Problem> GraphBuilder::add_exit(std::string name, ValueId value) {
  const std::size_t index = graph_.exits_.size();
  if (index == kMaxExits) return Problem{index, "a graph has at most 64 exits"};
  if (std::string wrong = wrong_name(name); !wrong.empty()) return Problem{index, std::move(wrong)};
  if (is_there(graph_.exits_, name)) return Problem{index, "the name '" + name + "' is there twice"};
  if (value >= graph_.types_.size() || graph_.is_input(value) || graph_.is_constant(value)) {
    return Problem{index, "value " + std::to_string(value) + " is not one that a node gives"};
  }
  const TensorType& type = graph_.types_[value];
  const bool rows = type.dtype == DType::kFloat32 && type.shape.size() == 2 &&
                    type.shape[0] == Dimension::batch() && type.shape[1].is_fixed() &&
                    type.shape[1].fixed >= 2;
  if (!rows)
    return Problem{index, "an exit gives F32 (B, classes) with two classes or more, not " + type.text()};
  if (index > 0 && type != graph_.types_[graph_.exits_.front().value]) {
    return Problem{index,
                   "exits give " + graph_.types_[graph_.exits_.front().value].text() + " and " + type.text()};
  }
  graph_.exits_.push_back({std::move(name), value});
  return std::nullopt;
}

Result<Graph> GraphBuilder::finish() && {
  if (graph_.inputs_.empty()) return Problem{0, "the graph has no input"};
  if (graph_.exits_.empty()) return Problem{0, "the graph has no exit"};
  std::vector<bool> needed(graph_.types_.size(), false);
  for (const Exit& exit : graph_.exits_) needed[exit.value] = true;
  for (std::size_t index = graph_.nodes_.size(); index-- > 0;) {
    const Node& node = graph_.nodes_[index];
    bool wanted = false;
    for (std::uint32_t k = 0; k < node.outputs; ++k) wanted = wanted || needed[node.first_output + k];
    if (!wanted) {
      return Problem{index, "node " + std::to_string(index) + " (" + std::string(node.applied->name) +
                                ") is needed by no exit"};
    }
    for (const auto& input : node.inputs) {
      if (input) needed[*input] = true;
    }
  }
  for (std::size_t index = 0; index < graph_.constants_.size(); ++index) {
    if (!needed[graph_.inputs_.size() + index]) {
      return Problem{index, "constant '" + graph_.constants_[index].name + "' is needed by no exit"};
    }
  }
  return std::move(graph_);
}

}  // namespace idn::graph
