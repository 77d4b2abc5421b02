#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "idn/graph/samples.h"
#include "idn_torch/engine.h"

namespace idn_torch {

/// What all requests of an engine go by; never changed after it was made.
struct Rules {
  /// The sample axis of each input, none for one that all samples share.
  using InputAxes = std::vector<std::optional<idn::graph::SampleAxis>>;

  std::shared_ptr<const Executor> executor;
  idn::exits::Policy policy;
  EngineOptions options;
  idn::graph::SegmentTimes times;
  std::vector<std::int64_t> live_bytes;  ///< of one sample, behind each exit
  std::vector<std::int64_t> operations;  ///< of the segments up to each exit, for one sample
  std::optional<InputAxes> divisible;    ///< nothing where a batch can't be divided among threads
};

/// Where a request puts what it answers; each as long as there are samples.
struct AnswersView {
  std::span<std::int64_t> labels;
  std::span<double> confidences;
  std::span<std::int64_t> exits;
  std::span<std::int64_t> operations;
};

/// Goes through the exits until all samples of an execution have left, on the calling thread.
void answer(const Rules& rules, Execution execution, const AnswersView& answers);

}  // namespace idn_torch
