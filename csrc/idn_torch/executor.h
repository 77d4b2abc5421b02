#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "idn/graph/package.h"
#include "idn_torch/execution.h"
#include "idn_torch/passes.h"

namespace idn_torch {

/// How a package is to be run.
struct ExecutorOptions {
  Passes passes = {};
  at::Device device = at::kCPU;
};

/// Runs a package. What can be decided before the inputs are there is decided when it is made; running it
/// changes nothing, so one executor serves many threads at once, each request on the thread that asks.
///
/// Weights on the CPU are those of the mapped file itself. Neither the caller's autocast, nor its gradient
/// mode, nor its number of threads has a say, and none of them is changed.
class Executor {
 public:
  /// Throws std::invalid_argument for a device that is not there.
  explicit Executor(idn::graph::Package package, const ExecutorOptions& options = {});

  [[nodiscard]] const idn::graph::Package& package() const;
  [[nodiscard]] const ExecutorOptions& options() const;

  /// How many kernels a request runs: fewer than the graph has nodes, where passes found something.
  [[nodiscard]] std::size_t steps() const;

  /// The logits of all exits, in order: float32 (batch, classes) each.
  ///
  /// Inputs are in the order of the graph. A wrong number, type, device or shape, two batches at once, a NaN,
  /// a bool that is neither 0 nor 1, or a value out of the model's range is std::invalid_argument that names
  /// the input.
  [[nodiscard]] std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

  /// The same exit by exit, with the same checks.
  [[nodiscard]] Execution start(const std::vector<at::Tensor>& inputs) const;

 private:
  std::shared_ptr<const Plan> plan_;
};

}  // namespace idn_torch
