#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "idn/graph/graph.h"

namespace idn::graph {

/// What one exit needs and the exits before it did not compute, and what crosses its end.
struct Segment {
  std::vector<std::size_t> nodes;  ///< in order
  std::vector<ValueId> live;  ///< inputs and values of nodes up to here that later segments read, in order
};

/// The graph cut in time: one segment for each exit, in order; together they hold every node once.
std::vector<Segment> segments(const Graph& graph);

/// The bytes of values at a batch.
std::int64_t bytes(const Graph& graph, const std::vector<ValueId>& values, std::int64_t batch);

/// The most bytes of values that are held at once where segment after segment is run and each value is freed
/// after its last use, constants left out.
std::int64_t peak_bytes(const Graph& graph, std::int64_t batch);

}  // namespace idn::graph
