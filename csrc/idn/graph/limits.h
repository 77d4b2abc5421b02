#pragma once

#include <cstdint>
#include <string>

#include "idn/graph/graph.h"

namespace idn::graph {

/// What a package may ask for. Checked from shapes, before a tensor is looked at.
struct Limits {
  std::uint64_t file_bytes = std::uint64_t{4} << 30;
  std::uint64_t header_bytes = std::uint64_t{16} << 20;
  std::int64_t batch = 1;  ///< at which the next three hold
  std::int64_t operations = std::int64_t{1} << 50;
  std::int64_t peak_bytes = std::int64_t{16} << 30;   ///< of all values held at once, constants left out
  std::int64_t tensor_bytes = std::int64_t{8} << 30;  ///< of each value and constant
};

/// What of a graph is above the limits at a batch, naming it, its number and the limit; empty where nothing
/// is. A number that can't be counted in 61 bits is above every limit, so whatever passes has elements and
/// bytes that fit an std::int64_t.
///
/// Throws std::invalid_argument for a batch below 0 or from Dimension::kMax on.
std::string over_limits(const Graph& graph, const Limits& limits, std::int64_t batch);

/// The largest batch, below Dimension::kMax, at which the graph is within the limits, whatever
/// `limits.batch` is: what a larger one would take is refused before it is allocated. -1 where not even the
/// empty batch is.
std::int64_t max_batch(const Graph& graph, const Limits& limits);

}  // namespace idn::graph
