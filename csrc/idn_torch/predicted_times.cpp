#include "idn_torch/predicted_times.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "idn/graph/costs.h"
#include "idn/graph/segments.h"

namespace idn_torch {
namespace {

using idn::graph::Graph;
using idn::graph::SegmentCost;

// Orders of magnitude of one core, which is all that a decision between copying and computing needs.
constexpr double kSecondsPerOperation = 1.0 / 30e9;
constexpr double kSecondsPerByte = 1.0 / 5e9;
constexpr double kSecondsPerCall = 3e-6;

double seconds(const SegmentCost& cost, std::size_t nodes) {
  const auto bytes = static_cast<double>(cost.parameter_bytes) + static_cast<double>(cost.activation_bytes);
  return kSecondsPerOperation * static_cast<double>(cost.operations) + kSecondsPerByte * bytes +
         kSecondsPerCall * static_cast<double>(nodes + 1);
}

}  // namespace

idn::graph::SegmentTimes predicted_times(const Graph& graph) {
  constexpr std::int64_t kMany = 256;  // what grows with the batch is a line through here
  const std::vector<idn::graph::Segment> segments = idn::graph::segments(graph);
  const std::vector<SegmentCost> one = idn::graph::segment_costs(graph, 1);
  const std::vector<SegmentCost> many = idn::graph::segment_costs(graph, kMany);
  std::vector<idn::graph::SegmentTime> times;
  std::size_t most_live = 0;
  for (std::size_t k = 0; k < segments.size(); ++k) {
    const std::size_t nodes = segments[k].nodes.size();
    times.emplace_back(
        std::vector<idn::graph::MeasuredTime>{{.batch = 1, .seconds = seconds(one[k], nodes)},
                                              {.batch = kMany, .seconds = seconds(many[k], nodes)}});
    most_live = std::max(most_live, segments[k].live.size());
  }
  // Every byte is read and written once.
  return idn::graph::SegmentTimes(std::move(times),
                                  {.fixed_seconds = kSecondsPerCall * static_cast<double>(most_live + 1),
                                   .seconds_per_byte = 2.0 * kSecondsPerByte});
}

}  // namespace idn_torch
