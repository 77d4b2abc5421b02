#include "idn/graph/segments.h"

#include <algorithm>

#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

constexpr std::size_t kNever = static_cast<std::size_t>(-1);

std::int64_t bytes_of(const TensorType& type, std::int64_t batch) {
  return rules::times(rules::count(type.shape, batch), static_cast<std::int64_t>(size_of(type.dtype)));
}

// For each node the first exit that needs it.
std::vector<std::size_t> first_exit_of_nodes(const Graph& graph) {
  std::vector<std::size_t> of_value(graph.values(), kNever);
  for (std::size_t exit = graph.exits().size(); exit-- > 0;) of_value[graph.exits()[exit].value] = exit;
  std::vector<std::size_t> of_node(graph.nodes().size(), kNever);
  for (std::size_t index = graph.nodes().size(); index-- > 0;) {
    const Node& node = graph.nodes()[index];
    std::size_t first = kNever;
    for (std::uint32_t k = 0; k < node.outputs; ++k) first = std::min(first, of_value[node.first_output + k]);
    of_node[index] = first;
    for (const auto& input : node.inputs) {
      if (input) of_value[*input] = std::min(of_value[*input], first);
    }
  }
  return of_node;
}

}  // namespace

std::vector<Segment> segments(const Graph& graph) {
  const std::vector<std::size_t> of_node = first_exit_of_nodes(graph);
  std::vector<Segment> found(graph.exits().size());
  std::vector<std::size_t> made(graph.values(),
                                0);  // the segment that makes a value; inputs are there before
  std::vector<std::size_t> last_read(graph.values(), 0);  // the last segment that reads it
  for (std::size_t index = 0; index < of_node.size(); ++index) {
    const Node& node = graph.nodes()[index];
    const std::size_t segment = of_node[index];
    found[segment].nodes.push_back(index);
    for (std::uint32_t k = 0; k < node.outputs; ++k) made[node.first_output + k] = segment;
    for (const auto& input : node.inputs) {
      if (input) last_read[*input] = std::max(last_read[*input], segment);
    }
  }
  for (ValueId value = 0; value < graph.values(); ++value) {
    if (graph.is_constant(value)) continue;
    for (std::size_t segment = made[value]; segment < last_read[value]; ++segment)
      found[segment].live.push_back(value);
  }
  return found;
}

std::int64_t bytes(const Graph& graph, const std::vector<ValueId>& values, std::int64_t batch) {
  std::int64_t sum = 0;
  for (const ValueId value : values) sum = rules::plus(sum, bytes_of(graph.type(value), batch));
  return sum;
}

std::int64_t peak_bytes(const Graph& graph, std::int64_t batch) {
  std::vector<std::size_t> order;  // that of running, which is not the graph's where exits branch off
  for (const Segment& segment : segments(graph))
    order.insert(order.end(), segment.nodes.begin(), segment.nodes.end());
  std::vector<std::size_t> last_use(graph.values(), kNever);
  for (const std::size_t index : order) {
    for (const auto& input : graph.nodes()[index].inputs) {
      if (input) last_use[*input] = index;
    }
  }
  for (const Exit& exit : graph.exits()) last_use[exit.value] = kNever;  // handed to the caller
  std::int64_t held = 0;
  for (ValueId value = 0; value < graph.inputs().size(); ++value)
    held = rules::plus(held, bytes_of(graph.type(value), batch));
  std::int64_t peak = held;
  for (const std::size_t index : order) {
    const Node& node = graph.nodes()[index];
    for (std::uint32_t k = 0; k < node.outputs; ++k) {
      held = rules::plus(held, bytes_of(graph.type(node.first_output + k), batch));
    }
    if (held == rules::kCountless) return held;  // what was not counted could not be taken off again
    peak = std::max(peak, held);
    std::vector<ValueId> freed;
    for (const auto& input : node.inputs) {
      if (input && !graph.is_constant(*input) && last_use[*input] == index) freed.push_back(*input);
    }
    std::ranges::sort(freed);
    freed.erase(std::ranges::unique(freed).begin(), freed.end());
    for (const ValueId value : freed) held -= bytes_of(graph.type(value), batch);
  }
  return peak;
}

}  // namespace idn::graph
