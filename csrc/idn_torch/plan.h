#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "idn/graph/package.h"
#include "idn/graph/samples.h"
#include "idn_torch/executor.h"
#include "idn_torch/graph_kernels/graph_kernel.h"

namespace idn_torch {

/// One kernel with its place among the others.
struct Step {
  graph_kernels::Kernel kernel;
  std::vector<std::uint32_t> inputs;  ///< as graph_kernels::Inputs reads them
  std::uint32_t output = 0;           ///< a slot
  std::vector<std::uint32_t> freed;   ///< slots that nothing reads any more
  idn::graph::Dimension elements;     ///< of the output
  std::size_t node = 0;               ///< of the graph, for messages
};

/// Where an exit's logits are.
struct Answer {
  std::uint32_t slot = 0;
  bool last_use = true;  ///< nothing later reads it
  bool shared = false;   ///< it may be memory of the package or of an input
};

/// What runs between an exit and the next.
struct SegmentPlan {
  std::vector<Step> steps;
  Answer answer;
};

/// All that is decided when a package is loaded; never changed after.
///
/// A slot is the place of a value in a request: inputs first, then what steps give.
struct Plan {
  Plan(idn::graph::Package of, const ExecutorOptions& how);

  idn::graph::Package package;
  ExecutorOptions options;
  std::vector<SegmentPlan> segments;
  std::vector<at::Tensor> constants;
  std::vector<idn::graph::ValueId> values;                         ///< of slots
  std::vector<bool> read_inputs;                                   ///< whether a step reads it
  std::vector<std::optional<idn::graph::SampleAxis>> sample_axes;  ///< of values
  std::vector<bool> keeps;  ///< by exits done: whether samples can be left out then

  [[nodiscard]] const idn::graph::TensorType& type(const Step& step) const {
    return package.graph().type(values[step.output]);
  }
};

}  // namespace idn_torch
