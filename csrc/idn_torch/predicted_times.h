#pragma once

#include "idn/graph/graph.h"
#include "idn/graph/segment_time.h"

namespace idn_torch {

/// What segments and copies take, predicted from the graph alone: by operations, bytes and calls, at rates of
/// the order of one core's. What they really take is measured by a profile.
idn::graph::SegmentTimes predicted_times(const idn::graph::Graph& graph);

}  // namespace idn_torch
