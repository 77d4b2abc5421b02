#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace idn_torch {

struct Plan;

/// One request, exit by exit. Made by Executor::start; used by one thread at a time.
class Execution {
 public:
  /// Runs the next segment and gives the logits of its exit: float32 (rows, classes), which belong to the
  /// caller alone: they share memory neither with the package, nor with the inputs, nor with later exits.
  ///
  /// Throws std::logic_error where all exits are done or an earlier call failed, since the values it read may
  /// be gone; idn::ExecutionError where the values do not allow it.
  at::Tensor next();

  /// Exits computed so far.
  [[nodiscard]] std::size_t done() const { return done_; }

  /// Samples still in.
  [[nodiscard]] std::int64_t rows() const { return rows_; }

  /// Whether every value that is still to be read keeps the samples apart, so that some can be left out.
  [[nodiscard]] bool can_keep() const;

  /// Goes on with these rows of those still in, in ascending order, each once; others are
  /// std::invalid_argument, and so is a call where can_keep() says no.
  void keep(const std::vector<std::int64_t>& rows);

 private:
  friend class Executor;
  void check_whole() const;
  Execution(std::shared_ptr<const Plan> plan, std::vector<at::Tensor> inputs, std::int64_t rows);

  std::shared_ptr<const Plan> plan_;
  std::vector<at::Tensor> values_;  // by slot; empty where not yet made or already read for the last time
  std::size_t done_ = 0;
  std::int64_t rows_ = 0;
  bool failed_ = false;
};

}  // namespace idn_torch
