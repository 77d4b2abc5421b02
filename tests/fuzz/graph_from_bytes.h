#pragma once

#include "idn/core/bytes.h"
#include "idn/graph/model.h"

namespace idn::fuzz {

/// How large a graph gets, and what of.
struct DrawnSizes {
  std::size_t nodes = 24;
  bool huge = true;  ///< now and then a size near the greatest there is; without, a graph is fit to be run
  bool constants = true;  ///< without, what an operator is given beside is an input of the graph as well
};

/// A model made of decisions.
struct DrawnModel {
  graph::Model model;
  std::size_t refused = 0;  ///< calls that the operators' checks did not take, and that are not in the graph
};

/// A graph over all operators from any bytes: calls that nearly fit, of which those stay that the checks
/// take.
///
/// Sizes, strides, axes and constants are odd now and then; what the checks take of that is in the graph, and
/// every value of it leads to an exit. Aborts where a builder refuses what an operator's own check took.
DrawnModel graph_from_bytes(ByteView bytes, const DrawnSizes& sizes = {});

}  // namespace idn::fuzz
