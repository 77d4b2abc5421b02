#include "programs/idn_run/run.h"

#include <c10/core/Device.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "idn/graph/limits.h"
#include "idn/graph/package.h"
#include "idn/graph/samples.h"
#include "idn_torch/engine.h"
#include "idn_torch/executor.h"
#include "programs/idn_run/data_error.h"
#include "programs/idn_run/device.h"
#include "programs/idn_run/inputs.h"
#include "programs/idn_run/output.h"
#include "programs/idn_run/places.h"
#include "programs/idn_run/policy.h"
#include "programs/idn_run/signals.h"
#include "programs/idn_run/summary.h"

namespace idn_run {
namespace {

using idn::graph::Graph;
using idn::graph::Package;

Package open_package(const std::string& path) {
  auto package = Package::open(path);
  if (package) return *std::move(package);
  throw idn::PackageError(idn::printable(path) +
                          " is no package that can be run: " + to_string(package.problem()) + ".");
}

bool keeps_samples_apart(const Graph& graph) {
  const auto axes = idn::graph::sample_axes(graph);
  return std::ranges::all_of(graph.exits(), [&](const auto& exit) { return axes[exit.value].has_value(); });
}

// How many samples are computed together: as many as asked for, and all where the answer to one may depend on
// the others.
std::int64_t batch_of(const Graph& graph, const Inputs& inputs, const Options& options) {
  const std::int64_t most = idn::graph::max_batch(graph, {});
  const bool apart = inputs.divisible() && keeps_samples_apart(graph);
  const std::int64_t batch =
      std::min(apart ? options.batch.value_or(kUsualBatch) : inputs.samples(), inputs.samples());
  if (batch <= most) return batch;
  if (apart && !options.batch && most > 0) return most;
  const std::string fix = apart ? "--batch has to be at most that" : "this model takes all samples at once";
  throw std::invalid_argument(
      "a batch of " + std::to_string(batch) +
      " is above the limits on memory and operations, which the package meets up to " + std::to_string(most) +
      "; " + fix + ".");
}

// A message about a batch counts from its first sample, so it is said which that is.
[[noreturn]] void fail_in(std::int64_t first, std::int64_t count, std::exception_ptr error) {
  const std::string where =
      "in the batch of samples " + std::to_string(first) + " to " + std::to_string(first + count - 1) + ": ";
  try {
    std::rethrow_exception(std::move(error));
  } catch (const DataError&) {
    throw;
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument(where + wrong.what());
  } catch (const idn::Error& wrong) {
    throw idn::Error(where + wrong.what());
  }
}

std::vector<at::Tensor> on(const at::Device& device, std::vector<at::Tensor> tensors) {
  for (at::Tensor& tensor : tensors) tensor = tensor.to(device);
  return tensors;
}

}  // namespace

void run(const Options& options) {
  check_places(options);
  const at::Device device = device_of(options.device);
  const Package package = open_package(options.package);
  Inputs inputs(package.graph(), options);
  idn::exits::Policy policy = policy_for(package.model(), options.policy);
  const std::int64_t batch = batch_of(package.graph(), inputs, options);
  Output output(options, package.model(), inputs.first(), inputs.samples());
  const auto executor =
      std::make_shared<const idn_torch::Executor>(package, idn_torch::ExecutorOptions{.device = device});
  const idn_torch::Engine engine(executor, std::move(policy),
                                 {.threads = static_cast<std::size_t>(options.threads)});
  Summary summary(package.graph(), batch, options.threads);
  for (std::int64_t from = 0; from < inputs.samples(); from += batch) {
    const std::int64_t count = std::min(batch, inputs.samples() - from);
    idn_torch::Answers answers;
    std::vector<at::Tensor> logits;
    try {
      const auto tensors = on(device, inputs.read(from, count));
      const auto begin = std::chrono::steady_clock::now();
      answers = engine(tensors);
      summary.add(answers, std::chrono::steady_clock::now() - begin);
      if (options.logits) logits = executor->run(tensors);
    } catch (const std::exception&) {
      fail_in(inputs.first() + from, count, std::current_exception());
    }
    check_signals();
    output.add(answers);
    if (options.logits) output.add_logits(logits);
  }
  output.finish();
  summary.print();
}

}  // namespace idn_run
