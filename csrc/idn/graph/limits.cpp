#include "idn/graph/limits.h"

#include <stdexcept>
#include <string_view>

#include "idn/graph/operators/rules.h"
#include "idn/graph/segments.h"

namespace idn::graph {
namespace {

std::string above(std::string subject, std::int64_t number, std::string_view unit, std::int64_t limit,
                  std::int64_t batch) {
  const bool counted = number < rules::kCountless;
  if (counted && number <= limit) return {};
  return subject.append(counted ? std::to_string(number) : "uncountably many")
      .append(unit)
      .append(" at a batch of ")
      .append(std::to_string(batch))
      .append(", above the limit of ")
      .append(std::to_string(limit));
}

}  // namespace

std::string over_limits(const Graph& graph, const Limits& limits, std::int64_t batch) {
  if (batch < 0 || batch >= Dimension::kMax) {
    throw std::invalid_argument("batch is " + std::to_string(batch) + ", expected from 0 to " +
                                std::to_string(Dimension::kMax - 1) + ".");
  }
  for (ValueId value = 0; value < graph.values(); ++value) {
    std::string wrong = above("value " + std::to_string(value) + ", " + graph.type(value).text() + ", has ",
                              bytes(graph, {value}, batch), " bytes", limits.tensor_bytes, batch);
    if (!wrong.empty()) return wrong;
  }
  std::string wrong =
      above("the graph holds ", peak_bytes(graph, batch), " bytes at once", limits.peak_bytes, batch);
  if (!wrong.empty()) return wrong;
  return above("the graph does ", graph.operations(batch), " operations", limits.operations, batch);
}

std::int64_t max_batch(const Graph& graph, const Limits& limits) {
  // Sizes are per_batch * B + fixed with both at least 0, so nothing that is limited falls as B grows.
  const auto within = [&](std::int64_t batch) { return over_limits(graph, limits, batch).empty(); };
  if (!within(0)) return -1;
  std::int64_t below = 1;
  while (below < Dimension::kMax && within(below)) below *= 2;
  std::int64_t least = below / 2;  // within
  while (below - least > 1) {
    const std::int64_t middle = least + (below - least) / 2;
    (within(middle) ? least : below) = middle;
  }
  return least;
}

}  // namespace idn::graph
