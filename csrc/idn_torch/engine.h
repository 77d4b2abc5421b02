#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "idn/exits/policy.h"
#include "idn/graph/segment_time.h"
#include "idn_torch/executor.h"

namespace idn_torch {

/// Whether a batch is rid of samples that have left before the next segment runs.
enum class Compaction : std::uint8_t {
  kAuto,    ///< where that is predicted to pay
  kAlways,  ///< wherever it can be done
  kNever,   ///< they are computed to the end, and what they would answer there is ignored
};

/// How an engine goes about its requests.
struct EngineOptions {
  std::size_t threads = 1;  ///< among which a batch is divided; each computes on one thread of torch's
  Compaction compaction = Compaction::kAuto;
  std::optional<idn::graph::SegmentTimes> times =
      {};  ///< as measured; predicted from the graph where left out
};

/// What an engine answers, in the order of the samples.
struct Answers {
  std::vector<std::int64_t> labels;
  std::vector<double>
      confidences;  ///< the highest probability at the exit that answered, without temperature
  std::vector<std::int64_t> exits;       ///< the exit that answered, from 0
  std::vector<std::int64_t> operations;  ///< of the segments up to that exit, for one sample
};

struct Rules;

/// Runs a package and lets each sample leave at the first exit that is sure enough (Figure 3.2).
///
/// What a sample is answered depends neither on the samples beside it, nor on the number of threads, nor on
/// whether those that left are dropped from the batch; but for the rounding of kernels that compute another
/// number of samples in another order. One engine serves many threads at once.
class Engine {
 public:
  /// Throws std::invalid_argument for a policy that does not fit the exits of the package, no thread, or
  /// several on a device that is not the CPU.
  Engine(std::shared_ptr<const Executor> executor, idn::exits::Policy policy,
         const EngineOptions& options = {});

  /// Answers a batch. Throws as Executor::run does, and std::invalid_argument for NaN among the logits of an
  /// exit, naming it and the sample.
  [[nodiscard]] Answers operator()(const std::vector<at::Tensor>& inputs) const;

  [[nodiscard]] const Executor& executor() const;
  [[nodiscard]] const idn::exits::Policy& policy() const;
  [[nodiscard]] const EngineOptions& options() const;

 private:
  std::shared_ptr<const Rules> rules_;
};

}  // namespace idn_torch
