#include "programs/idn_run/summary.h"

#include <algorithm>
#include <cstdio>

#include "idn/core/printable.h"
#include "idn/graph/costs.h"

namespace idn_run {

Summary::Summary(const idn::graph::Graph& graph, std::int64_t batch, std::int64_t threads)
    : exit_operations_(idn::graph::exit_operations(graph)),
      left_(graph.exits().size()),
      batch_(batch),
      threads_(threads) {
  for (const idn::graph::Exit& exit : graph.exits()) exits_.push_back(idn::printable(exit.name));
}

void Summary::add(const idn_torch::Answers& answers, std::chrono::duration<double> time) {
  samples_ += static_cast<std::int64_t>(answers.labels.size());
  seconds_ += time.count();
  for (const std::int64_t exit : answers.exits) ++left_[static_cast<std::size_t>(exit)];
  for (const std::int64_t operations : answers.operations) operations_ += static_cast<double>(operations);
}

void Summary::print() const {
  std::fprintf(stderr, "%lld samples", static_cast<long long>(samples_));
  if (samples_ == 0) {
    std::fputs("\n", stderr);
    return;
  }
  const auto samples = static_cast<double>(samples_);
  std::fprintf(stderr, " in %.3g s, %.4g a second; batch %lld, threads %lld\n", seconds_, samples / seconds_,
               static_cast<long long>(batch_), static_cast<long long>(threads_));
  std::size_t widest = 0;
  for (const std::string& name : exits_) widest = std::max(widest, name.size());
  for (std::size_t exit = 0; exit < exits_.size(); ++exit) {
    std::fprintf(stderr, "  %-*s %6.2f %% left, %lld operations\n", static_cast<int>(widest),
                 exits_[exit].c_str(), 100.0 * static_cast<double>(left_[exit]) / samples,
                 static_cast<long long>(exit_operations_[exit]));
  }
  const double mean = operations_ / samples;
  std::fprintf(stderr, "operations per sample: %.6g, %.1f %% of the whole\n", mean,
               100.0 * mean / std::max<double>(1, static_cast<double>(exit_operations_.back())));
}

}  // namespace idn_run
