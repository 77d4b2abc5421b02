#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "idn/exits/criterion.h"
#include "idn/exits/learned_score.h"

namespace idn::exits {

/// A criterion and one threshold per early exit; the last exit always answers, so it has none.
struct Policy {
  Criterion criterion = Criterion::kConfidence;
  std::vector<std::optional<double>> thresholds = {};  ///< none: an exit that is never taken
  std::vector<double> temperatures = {};   ///< for each early exit at least; empty: 1 for all (section 3.4.3)
  std::vector<LearnedScore> learned = {};  ///< for each early exit at least, of kLearned alone

  /// How many exits a network has that this policy is for.
  [[nodiscard]] std::size_t exits() const { return thresholds.size() + 1; }

  /// What the logits of an exit, from 0, are divided by before the softmax; 1 where nothing is said.
  [[nodiscard]] double temperature(std::size_t exit) const {
    return exit < temperatures.size() ? temperatures[exit] : 1.0;
  }
};

/// Throws std::invalid_argument, naming the value, the exit and what was expected, for a policy that can't
/// be: a threshold or temperature out of range, too few of a kind, a learned score that is not of finite
/// numbers.
void check_policy(const Policy& policy);

/// Who of a batch leaves where (Figure 3.2), decided exit by exit from the logits alone: the labels and exits
/// of `idn.inference.infer` in Python, and its confidences up to the order of a sum.
///
/// Rows are those that are computed, in the order of the batch. Rows that left stay among them, and what
/// their logits hold from there on does not matter, until `compact` takes them out.
class Departures {
 public:
  /// Of a policy that was checked and outlives this, and a batch of so many samples, which may be none.
  Departures(const Policy& policy, std::size_t samples);

  /// Decides at the next exit from its logits: rows * classes, row by row. Gives 1 for each row that leaves
  /// here; at the last exit all that are left.
  ///
  /// Throws std::invalid_argument for another number of logits, fewer than two classes, or after the last
  /// exit; and, naming the sample, for logits of a row still in that are NaN, or infinite where the
  /// criterion or the answer has no value for them. After a throw nothing more can be asked of it.
  std::span<const std::uint8_t> leaves(std::span<const float> logits, std::size_t classes);

  /// Exits decided so far.
  [[nodiscard]] std::size_t done() const { return done_; }

  /// Rows that are computed.
  [[nodiscard]] std::size_t rows() const { return sample_.size(); }

  /// Rows that have not left.
  [[nodiscard]] std::size_t remaining() const { return remaining_; }

  /// Which rows have not left, ascending.
  [[nodiscard]] std::vector<std::int64_t> staying() const;

  /// Goes on with the rows that have not left.
  void compact();

  /// The answers in the order of the batch, for samples that have left: the label, its probability without
  /// temperature, and the exit, from 0 (-1 for a sample that is still in).
  [[nodiscard]] std::span<const std::int64_t> labels() const { return labels_; }
  [[nodiscard]] std::span<const double> confidences() const { return confidences_; }
  [[nodiscard]] std::span<const std::int64_t> exits() const { return exits_; }

 private:
  double score(std::size_t row, std::span<const float> logits);
  void answer(std::size_t row, std::span<const float> logits, double score);
  [[noreturn]] void refuse(std::size_t row) const;

  const Policy* policy_;
  std::size_t done_ = 0;
  std::size_t remaining_;
  std::vector<std::size_t> sample_;    // of each row
  std::vector<std::uint8_t> left_;     // of each row
  std::vector<std::uint8_t> leaving_;  // of each row, at the exit decided last
  std::vector<std::size_t> earlier_;   // rows * early exits: labels, where the criterion looks at them
  std::vector<std::int64_t> labels_;
  std::vector<double> confidences_;
  std::vector<std::int64_t> exits_;
};

}  // namespace idn::exits
