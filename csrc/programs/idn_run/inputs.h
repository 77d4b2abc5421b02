#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "idn/graph/graph.h"
#include "programs/idn_run/array_file.h"
#include "programs/idn_run/options.h"

namespace idn_run {

/// The inputs of a graph in their files, of which some samples are read at a time.
class Inputs {
 public:
  /// Opens the files and compares types and shapes. Throws std::invalid_argument where the graph does not
  /// take them, or there are no such samples, and DataError where a file can't be read.
  Inputs(const idn::graph::Graph& graph, const Options& options);

  /// How many samples there are, of those that are asked for.
  [[nodiscard]] std::int64_t samples() const { return samples_; }

  /// Where in the files the first of them stands.
  [[nodiscard]] std::int64_t first() const { return first_; }

  /// Whether samples lie one after the other in every file, so that some can be read alone.
  [[nodiscard]] bool divisible() const { return divisible_; }

  /// One tensor for each input, of `count` samples from `from` on, counted from the first that is asked for;
  /// all samples where they are not divisible.
  [[nodiscard]] std::vector<at::Tensor> read(std::int64_t from, std::int64_t count);

 private:
  struct Input {
    const idn::graph::GraphInput* declared;
    ArrayFile file;
  };
  void choose(const SampleRange& asked, std::int64_t there);

  std::vector<Input> inputs_;
  std::int64_t samples_ = 0;
  std::int64_t first_ = 0;
  bool divisible_ = true;
};

}  // namespace idn_run
