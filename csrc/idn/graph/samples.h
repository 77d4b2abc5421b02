#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "idn/graph/graph.h"

namespace idn::graph {

/// The axis of a value along which its samples lie one after the other: its size is each * B, and sample i
/// has the elements from each * i to before each * (i + 1).
struct SampleAxis {
  std::size_t axis = 0;
  std::int64_t each = 1;

  bool operator==(const SampleAxis&) const = default;
};

/// For each value its sample axis: there, what belongs to a sample is computed from this sample alone, and in
/// the same way wherever in whatever batch it stands. Rows of the inputs that are left out leave out the same
/// rows there, and change nothing else.
///
/// Nothing for a value that mixes samples, may mix them, or has no part of a batch in it (`independent`). The
/// inputs of the graph that grow as a*B have a sample axis by definition.
std::vector<std::optional<SampleAxis>> sample_axes(const Graph& graph);

/// For each value whether it is the same for all samples and batches: constants, inputs that do not grow with
/// the batch, and what is computed from these alone.
std::vector<bool> independent(const Graph& graph);

/// For each segment whether rows may be dropped at its end: everything that later exits read from there on,
/// and their answers, keep samples apart. The last segment has nothing after it, so there it is true.
std::vector<bool> keeps_samples(const Graph& graph);

}  // namespace idn::graph
