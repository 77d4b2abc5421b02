#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "idn/graph/graph.h"
#include "idn_torch/engine.h"

namespace idn_run {

/// What the samples of a run did, for people.
class Summary {
 public:
  Summary(const idn::graph::Graph& graph, std::int64_t batch, std::int64_t threads);

  /// Adds a batch, and the time it took to answer it.
  void add(const idn_torch::Answers& answers, std::chrono::duration<double> time);

  /// Prints to stderr: samples and time, who left where, operations for a sample.
  void print() const;

 private:
  std::vector<std::string> exits_;
  std::vector<std::int64_t> exit_operations_;
  std::vector<std::int64_t> left_;  // at each exit
  std::int64_t batch_;
  std::int64_t threads_;
  std::int64_t samples_ = 0;
  double operations_ = 0;
  double seconds_ = 0;
};

}  // namespace idn_run
