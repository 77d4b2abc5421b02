#pragma once

#include <cstdint>
#include <vector>

#include "idn/graph/graph.h"
#include "idn/graph/segments.h"

namespace idn::graph {

/// What one segment costs at a batch.
struct SegmentCost {
  std::int64_t operations = 0;        ///< of its nodes (docs/operations.md)
  std::int64_t parameter_bytes = 0;   ///< of constants that no segment before it reads, so each counts once
  std::int64_t activation_bytes = 0;  ///< of all values that its nodes give
  std::int64_t live_bytes = 0;        ///< of the values that cross its end

  bool operator==(const SegmentCost&) const = default;
};

/// The costs of every segment, in order. Numbers stop at 2^61 instead of overflowing.
std::vector<SegmentCost> segment_costs(const Graph& graph, std::int64_t batch);

/// The operations of every segment, in order; together those of the graph.
std::vector<std::int64_t> segment_operations(const Graph& graph, std::int64_t batch);

/// For every exit the operations that a sample costs that leaves there, computed alone: those of its segment
/// and all before it at a batch of 1.
std::vector<std::int64_t> exit_operations(const Graph& graph);

}  // namespace idn::graph
