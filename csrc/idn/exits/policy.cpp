#include "idn/exits/policy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "idn/core/counted.h"

namespace idn::exits {
namespace {

std::string list(const Features& values) {
  std::ostringstream text;
  text.precision(17);
  for (std::size_t k = 0; k < values.size(); ++k) text << (k == 0 ? "[" : ", ") << values[k];
  text << "]";
  return text.str();
}

void check_learned(const LearnedScore& learned, std::size_t exit) {
  const std::string of_exit = " of exit " + std::to_string(exit + 1);
  const auto finite = [](double value) { return std::isfinite(value); };
  struct Named {
    const char* name;
    const Features* values;
  };
  for (const Named& one : {Named{"means", &learned.mean}, Named{"deviations", &learned.deviation},
                           Named{"weights", &learned.weight}}) {
    if (!std::ranges::all_of(*one.values, finite)) {
      throw std::invalid_argument(one.name + of_exit + " are " + list(*one.values) + ", expected " +
                                  std::to_string(kFeatures) + " finite numbers.");
    }
  }
  if (std::ranges::min(learned.deviation) <= 0.0) {
    throw std::invalid_argument("deviations" + of_exit + " are " + list(learned.deviation) +
                                ", expected positive numbers.");
  }
  if (!std::isfinite(learned.intercept)) {
    throw std::invalid_argument("the intercept" + of_exit + " is " + std::to_string(learned.intercept) +
                                ", expected a finite number.");
  }
}

bool looks_back(Criterion criterion) {
  return criterion == Criterion::kPatience || criterion == Criterion::kVote ||
         criterion == Criterion::kLearned;
}

bool has_nan(std::span<const float> logits) {
  return std::ranges::any_of(logits, [](float z) { return std::isnan(z); });
}

// The first of the highest probabilities. Logits that differ by less than a softmax in float64 can tell are
// equal there, as in Python.
std::size_t most_probable(std::span<const float> logits, double confidence) {
  const std::size_t best = label(logits);
  const auto highest = static_cast<double>(logits[best]);
  for (std::size_t k = 0; k < best; ++k) {
    const double difference = static_cast<double>(logits[k]) - highest;
    if (difference > -1e-15 && std::exp(difference) * confidence == confidence) return k;
  }
  return best;
}

}  // namespace

void check_policy(const Policy& policy) {
  const std::size_t early = policy.thresholds.size();
  for (const auto& threshold : policy.thresholds) {
    if (threshold) check_threshold(policy.criterion, *threshold);
  }
  if (!policy.temperatures.empty() && policy.temperatures.size() < early) {
    throw std::invalid_argument(counted(policy.temperatures.size(), "temperature") + " for " +
                                counted(early, "threshold") + ": give one for each early exit, or none.");
  }
  for (const double temperature : policy.temperatures) check_temperature(temperature);
  if (policy.criterion != Criterion::kLearned) {
    if (policy.learned.empty()) return;
    throw std::invalid_argument("a policy by " + std::string(to_string(policy.criterion)) + " has " +
                                counted(policy.learned.size(), "learned score") +
                                ", expected none: only kLearned looks at them.");
  }
  if (policy.learned.size() < early) {
    throw std::invalid_argument("parameters are of " + counted(policy.learned.size(), "exit") +
                                ", thresholds of " + std::to_string(early) + ".");
  }
  for (std::size_t exit = 0; exit < policy.learned.size(); ++exit) check_learned(policy.learned[exit], exit);
}

Departures::Departures(const Policy& policy, std::size_t samples)
    : policy_(&policy),
      remaining_(samples),
      sample_(samples),
      left_(samples, 0),
      leaving_(samples, 0),
      earlier_(looks_back(policy.criterion) ? samples * policy.thresholds.size() : 0),
      labels_(samples, 0),
      confidences_(samples, 0.0),
      exits_(samples, -1) {
  std::iota(sample_.begin(), sample_.end(), std::size_t{0});
}

void Departures::refuse(std::size_t row) const {
  throw std::invalid_argument(
      "logits are NaN or infinite at sample " + std::to_string(sample_[row]) +
      "; the network diverged or its input is not finite. Check both before deciding exits.");
}

// What is compared with the threshold. At the last exit it decides nothing, and is asked for all the same,
// since what has no score is refused there too.
double Departures::score(std::size_t row, std::span<const float> logits) {
  if (!looks_back(policy_->criterion)) {
    const double its = exits::score(policy_->criterion, logits, policy_->temperature(done_));
    if (std::isnan(its)) refuse(row);
    return its;
  }
  if (has_nan(logits)) refuse(row);
  const std::size_t label = exits::label(logits);
  const std::size_t early = policy_->thresholds.size();
  const std::span<std::size_t> earlier = std::span(earlier_).subspan(row * early, early);
  const auto before = earlier.first(done_);
  if (done_ < early) earlier[done_] = label;
  if (policy_->criterion == Criterion::kPatience) {
    const auto other =
        std::find_if(before.rbegin(), before.rend(), [label](std::size_t its) { return its != label; });
    return static_cast<double>(other - before.rbegin());
  }
  const auto agreeing = static_cast<double>(std::ranges::count(before, label));
  if (policy_->criterion == Criterion::kVote) return agreeing + 1.0;
  if (done_ >= policy_->learned.size()) return 1.0;
  const Features seen = features(logits, agreeing / std::max(1.0, static_cast<double>(done_)));
  if (std::isnan(seen.front())) refuse(row);
  return exits::score(policy_->learned[done_],
                      seen);  // NaN where its parameters overflow: no reason to leave
}

void Departures::answer(std::size_t row, std::span<const float> logits, double score) {
  const bool known = policy_->criterion == Criterion::kConfidence && policy_->temperature(done_) == 1.0;
  const double confidence = known ? score : exits::score(Criterion::kConfidence, logits);
  if (std::isnan(confidence)) refuse(row);
  const std::size_t sample = sample_[row];
  labels_[sample] = static_cast<std::int64_t>(most_probable(logits, confidence));
  confidences_[sample] = confidence;
  exits_[sample] = static_cast<std::int64_t>(done_);
  left_[row] = 1;
  leaving_[row] = 1;
  --remaining_;
}

std::span<const std::uint8_t> Departures::leaves(std::span<const float> logits, std::size_t classes) {
  const std::size_t early = policy_->thresholds.size();
  if (done_ > early) {
    throw std::invalid_argument("all " + counted(policy_->exits(), "exit") +
                                " are decided; begin another batch with another Departures.");
  }
  if (classes < 2 || logits.size() != rows() * classes) {
    throw std::invalid_argument(counted(logits.size(), "logit") + " for " + counted(rows(), "row") + " of " +
                                std::to_string(classes) + " classes; expected rows * classes, of 2 or more.");
  }
  std::ranges::fill(leaving_, std::uint8_t{0});
  for (std::size_t row = 0; row < rows(); ++row) {
    if (left_[row] != 0) continue;
    const auto its = logits.subspan(row * classes, classes);
    const double its_score = score(row, its);
    if (done_ == early || should_exit(policy_->criterion, its_score, policy_->thresholds[done_])) {
      answer(row, its, its_score);
    }
  }
  ++done_;
  return leaving_;
}

std::vector<std::int64_t> Departures::staying() const {
  std::vector<std::int64_t> found;
  found.reserve(remaining_);
  for (std::size_t row = 0; row < rows(); ++row) {
    if (left_[row] == 0) found.push_back(static_cast<std::int64_t>(row));
  }
  return found;
}

void Departures::compact() {
  const std::size_t early = earlier_.empty() ? 0 : policy_->thresholds.size();
  std::size_t to = 0;
  for (std::size_t row = 0; row < rows(); ++row) {
    if (left_[row] != 0) continue;
    if (to != row) {
      sample_[to] = sample_[row];
      std::copy_n(earlier_.begin() + static_cast<std::ptrdiff_t>(row * early), early,
                  earlier_.begin() + static_cast<std::ptrdiff_t>(to * early));
    }
    ++to;
  }
  sample_.resize(to);
  leaving_.assign(to, 0);
  left_.assign(to, 0);
  earlier_.resize(to * early);
}

}  // namespace idn::exits
