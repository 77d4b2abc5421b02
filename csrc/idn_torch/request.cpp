#include "idn_torch/request.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "idn/exits/policy.h"

namespace idn_torch {
namespace {

using idn::exits::Departures;

bool drops_departed(const Rules& rules, const Execution& execution, const Departures& departures) {
  const auto rows = static_cast<std::int64_t>(departures.rows());
  const auto staying = static_cast<std::int64_t>(departures.remaining());
  if (rules.options.compaction == Compaction::kNever || staying == rows || !execution.can_keep())
    return false;
  if (rules.options.compaction == Compaction::kAlways) return true;
  const std::int64_t bytes = rules.live_bytes[execution.done() - 1] * staying;
  return rules.times.compaction_pays(execution.done(), rows, staying, bytes);
}

// The next exit's logits are decided on; what is wrong with them names the exit as the package does.
void decide(const Rules& rules, Execution& execution, Departures& departures) {
  const at::Tensor logits = execution.next().cpu();
  const std::span values(logits.const_data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
  try {
    departures.leaves(values, static_cast<std::size_t>(logits.size(1)));
  } catch (const std::invalid_argument& error) {
    const auto& exit = rules.executor->package().graph().exits()[execution.done() - 1];
    throw std::invalid_argument("exit '" + exit.name + "': " + error.what());
  }
}

}  // namespace

void answer(const Rules& rules, Execution execution, const AnswersView& answers) {
  Departures departures(rules.policy, static_cast<std::size_t>(execution.rows()));
  while (departures.remaining() > 0) {
    decide(rules, execution, departures);
    if (departures.remaining() == 0 || !drops_departed(rules, execution, departures)) continue;
    execution.keep(departures.staying());
    departures.compact();
  }
  std::ranges::copy(departures.labels(), answers.labels.begin());
  std::ranges::copy(departures.confidences(), answers.confidences.begin());
  std::ranges::copy(departures.exits(), answers.exits.begin());
  std::ranges::transform(departures.exits(), answers.operations.begin(),
                         [&](std::int64_t exit) { return rules.operations[static_cast<std::size_t>(exit)]; });
}

}  // namespace idn_torch
