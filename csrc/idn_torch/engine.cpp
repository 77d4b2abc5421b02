#include "idn_torch/engine.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "idn/core/counted.h"
#include "idn/core/parallel.h"
#include "idn/graph/costs.h"
#include "idn/graph/samples.h"
#include "idn_torch/predicted_times.h"
#include "idn_torch/request.h"

namespace idn_torch {
namespace {

using idn::graph::Graph;

std::vector<std::int64_t> live_bytes(const Graph& graph) {
  std::vector<std::int64_t> found;
  for (const idn::graph::SegmentCost& cost : idn::graph::segment_costs(graph, 1))
    found.push_back(cost.live_bytes);
  return found;
}

std::optional<Rules::InputAxes> divisible_inputs(const Graph& graph) {
  const auto axes = idn::graph::sample_axes(graph);
  const bool apart =
      std::ranges::all_of(graph.exits(), [&](const auto& exit) { return axes[exit.value].has_value(); });
  if (!apart) return std::nullopt;
  return Rules::InputAxes(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(graph.inputs().size()));
}

std::vector<at::Tensor> rows_of(const std::vector<at::Tensor>& inputs, const Rules::InputAxes& axes,
                                std::size_t begin, std::size_t end) {
  const auto from = static_cast<std::int64_t>(begin);
  const auto samples = static_cast<std::int64_t>(end - begin);
  std::vector<at::Tensor> part;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    const auto& axis = axes[index];
    part.push_back(axis ? inputs[index].narrow(static_cast<std::int64_t>(axis->axis), axis->each * from,
                                               axis->each * samples)
                        : inputs[index]);
  }
  return part;
}

AnswersView part_of(Answers& answers, std::size_t begin, std::size_t count) {
  return {.labels = std::span(answers.labels).subspan(begin, count),
          .confidences = std::span(answers.confidences).subspan(begin, count),
          .exits = std::span(answers.exits).subspan(begin, count),
          .operations = std::span(answers.operations).subspan(begin, count)};
}

Answers room_for(std::size_t samples) {
  return {.labels = std::vector<std::int64_t>(samples),
          .confidences = std::vector<double>(samples),
          .exits = std::vector<std::int64_t>(samples),
          .operations = std::vector<std::int64_t>(samples)};
}

// In contiguous parts, each on a thread of its own.
void answer_in_parts(const Rules& rules, const std::vector<at::Tensor>& inputs, std::size_t parts,
                     Answers& answers) {
  const std::size_t samples = answers.labels.size();
  idn::parallel_for(parts, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t part = first; part < last; ++part) {
      const std::size_t begin = samples * part / parts;
      const std::size_t end = samples * (part + 1) / parts;
      answer(rules, rules.executor->start(rows_of(inputs, *rules.divisible, begin, end)),
             part_of(answers, begin, end - begin));
    }
  });
}

void check(const EngineOptions& options, const Executor& executor) {
  const at::Device device = executor.options().device;
  if (options.threads == 0) throw std::invalid_argument("threads is 0, expected at least 1.");
  if (options.threads > 1 && !device.is_cpu()) {
    throw std::invalid_argument("threads is " + std::to_string(options.threads) + " on " + device.str() +
                                ", expected 1: a batch is divided among the CPU's threads alone.");
  }
}

void check(const idn::exits::Policy& policy, std::size_t exits) {
  idn::exits::check_policy(policy);
  if (policy.exits() == exits) return;
  throw std::invalid_argument("the policy has " + idn::counted(policy.thresholds.size(), "threshold") +
                              ", the package " + idn::counted(exits - 1, "early exit") +
                              "; expected one for each.");
}

}  // namespace

Engine::Engine(std::shared_ptr<const Executor> executor, idn::exits::Policy policy,
               const EngineOptions& options) {
  check(options, *executor);
  const Graph& graph = executor->package().graph();
  check(policy, graph.exits().size());
  rules_ =
      std::make_shared<const Rules>(Rules{.executor = std::move(executor),
                                          .policy = std::move(policy),
                                          .options = options,
                                          .times = options.times ? *options.times : predicted_times(graph),
                                          .live_bytes = live_bytes(graph),
                                          .operations = idn::graph::exit_operations(graph),
                                          .divisible = divisible_inputs(graph)});
}

const Executor& Engine::executor() const { return *rules_->executor; }
const idn::exits::Policy& Engine::policy() const { return rules_->policy; }
const EngineOptions& Engine::options() const { return rules_->options; }

Answers Engine::operator()(const std::vector<at::Tensor>& inputs) const {
  const Rules& rules = *rules_;
  Execution whole = rules.executor->start(inputs);
  const auto samples = static_cast<std::size_t>(whole.rows());
  Answers answers = room_for(samples);
  const std::size_t parts = rules.divisible ? std::min(rules.options.threads, samples) : 1;
  if (parts > 1) {
    try {
      answer_in_parts(rules, inputs, parts, answers);
      return answers;
    } catch (const std::invalid_argument&) {
      // A part knows its own samples alone; once more as a whole, so that the message names the batch's.
    }
  }
  answer(rules, std::move(whole), part_of(answers, 0, samples));
  return answers;
}

}  // namespace idn_torch
