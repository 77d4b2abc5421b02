#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "idn/graph/model.h"
#include "idn/graph/samples.h"
#include "idn/graph/segments.h"
#include "laws.h"

namespace idn::fuzz {

/// What holds of every type in a graph: its sizes and their product have a value at every batch.
inline void require_sound(const graph::TensorType& type) {
  require(type.shape.size() <= 8, "a value has up to 8 axes");
  require(std::ranges::all_of(type.shape, &graph::Dimension::valid), "sizes are within their range");
  require(graph::elements(type.shape).has_value(), "a value's elements can be counted");
  require(!type.text().empty(), "a type has a text");
}

/// What holds of every graph that passed the checks, at batches of any size.
inline void require_sound(const graph::Graph& graph) {
  for (graph::ValueId value = 0; value < graph.values(); ++value) require_sound(graph.type(value));
  const std::vector<graph::Segment> segments = graph::segments(graph);
  require(segments.size() == graph.exits().size(), "an exit has a segment");
  std::vector<int> times(graph.nodes().size(), 0);
  for (const graph::Segment& segment : segments) {
    for (const std::size_t node : segment.nodes) ++times.at(node);
    for (const graph::ValueId value : segment.live)
      require(value < graph.values() && !graph.is_constant(value), "what crosses a cut is a value");
  }
  require(std::ranges::all_of(times, [](int one) { return one == 1; }), "the segments hold every node once");
  const auto axes = graph::sample_axes(graph);
  for (graph::ValueId value = 0; value < graph.values(); ++value) {
    if (!axes.at(value)) continue;
    const graph::Shape& shape = graph.type(value).shape;
    require(axes[value]->axis < shape.size() &&
                shape[axes[value]->axis] == graph::Dimension(axes[value]->each, 0),
            "a sample axis is a multiple of the batch");
  }
  require(graph::keeps_samples(graph).at(segments.size() - 1), "nothing follows the last segment");
  std::int64_t operations = 0;
  std::int64_t peak = 0;
  for (const std::int64_t batch : {0LL, 1LL, 1LL << 20, (1LL << 31) - 1}) {
    std::int64_t most = 0;
    for (const graph::Node& node : graph.nodes()) {
      const std::int64_t one = graph.operations(node, batch);
      require(one >= 0, "a node's operations are not below 0");
      most = std::max(most, one);
    }
    const std::int64_t all = graph.operations(batch);
    require(all >= most && all >= operations, "operations grow with nodes and batch");
    operations = all;
    const std::int64_t held = graph::peak_bytes(graph, batch);
    require(held >= peak, "bytes at once grow with the batch");
    for (const graph::Segment& segment : segments) {
      const std::int64_t crossing = graph::bytes(graph, segment.live, batch);
      require(crossing >= 0 && crossing <= held, "what crosses a cut is held at once");
    }
    peak = held;
  }
}

/// A model's text is read as the same model.
inline void require_round_trip(const graph::Model& model) {
  std::map<std::string, graph::TensorType, std::less<>> tensors;
  for (const graph::Constant& constant : model.graph.constants())
    tensors.emplace(constant.name, constant.type);
  const std::string text = graph::to_json(model);
  const auto back = graph::model_from_json(text, tensors);
  if (!back) std::fprintf(stderr, "%s\n%s\n", back.problem().reason.c_str(), text.c_str());
  require(back.ok(), "what is written is read");  // and was found there to be written again as it was
}

}  // namespace idn::fuzz
