#include "idn/graph/costs.h"

#include <numeric>

#include "idn/graph/operators/rules.h"

namespace idn::graph {

std::vector<SegmentCost> segment_costs(const Graph& graph, std::int64_t batch) {
  std::vector<SegmentCost> costs;
  std::vector<bool> read(graph.values(), false);
  for (const Segment& segment : segments(graph)) {
    SegmentCost cost;
    std::vector<ValueId> parameters;
    std::vector<ValueId> given;
    for (const std::size_t index : segment.nodes) {
      const Node& node = graph.nodes()[index];
      cost.operations = rules::plus(cost.operations, graph.operations(node, batch));
      for (std::uint32_t k = 0; k < node.outputs; ++k) given.push_back(node.first_output + k);
      for (const auto& input : node.inputs) {
        if (!input || !graph.is_constant(*input) || read[*input]) continue;
        read[*input] = true;
        parameters.push_back(*input);
      }
    }
    cost.parameter_bytes = bytes(graph, parameters, batch);
    cost.activation_bytes = bytes(graph, given, batch);
    cost.live_bytes = bytes(graph, segment.live, batch);
    costs.push_back(cost);
  }
  return costs;
}

std::vector<std::int64_t> segment_operations(const Graph& graph, std::int64_t batch) {
  std::vector<std::int64_t> found;
  for (const SegmentCost& cost : segment_costs(graph, batch)) found.push_back(cost.operations);
  return found;
}

std::vector<std::int64_t> exit_operations(const Graph& graph) {
  std::vector<std::int64_t> found = segment_operations(graph, 1);
  std::partial_sum(found.begin(), found.end(), found.begin(), rules::plus);
  return found;
}

}  // namespace idn::graph
