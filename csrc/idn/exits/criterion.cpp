#include "idn/exits/criterion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace idn::exits {
namespace {

template <typename T>
double score_of(Criterion criterion, std::span<const T> logits, double temperature) {
  if (logits.size() < 2) {
    throw std::invalid_argument("an exit criterion needs logits of at least 2 classes, got " +
                                std::to_string(logits.size()) + ".");
  }
  double best = -std::numeric_limits<double>::infinity();
  double second = best;
  for (const T logit : logits) {
    const auto z = static_cast<double>(logit);
    if (std::isnan(z)) return std::numeric_limits<double>::quiet_NaN();
    if (z > best) {
      second = best;
      best = z;
    } else {
      second = std::max(second, z);
    }
  }
  if (std::isinf(best)) return std::numeric_limits<double>::quiet_NaN();

  // With d_i = (z_i - max) / temperature, S = sum exp(d_i): entropy = log S - sum(d_i exp(d_i)) / S. Every
  // term is zero for a one-hot output and the second sum is zero for a uniform one, so both come out exactly.
  double sum = 0.0;
  double weighted = 0.0;
  for (const T logit : logits) {
    const double d = (static_cast<double>(logit) - best) / temperature;
    const double e = std::exp(d);
    sum += e;
    if (e > 0.0) weighted += d * e;
  }
  switch (criterion) {
    case Criterion::kConfidence:
      return 1.0 / sum;
    case Criterion::kMargin:
      return (1.0 - std::exp((second - best) / temperature)) / sum;
    case Criterion::kEntropyNats:
      return std::max(0.0, std::log(sum) - weighted / sum);
    case Criterion::kNormalizedEntropy:
      return std::clamp((std::log(sum) - weighted / sum) / std::log(static_cast<double>(logits.size())), 0.0,
                        1.0);
    case Criterion::kPatience:
    case Criterion::kVote:
    case Criterion::kLearned:
      break;
  }
  throw std::invalid_argument(std::string(to_string(criterion)) +
                              " has no score of one exit's logits alone; it looks at all exits so far.");
}

template <typename T>
std::size_t label_of(std::span<const T> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

[[noreturn]] void refuse_threshold(Criterion criterion, double threshold, const char* expected) {
  std::ostringstream message;
  message.precision(17);
  message << "threshold " << threshold << " is out of range for " << to_string(criterion) << ": expected "
          << expected << ", or None for an exit that is never taken.";
  throw std::invalid_argument(message.str());
}

}  // namespace

std::string_view to_string(Criterion criterion) {
  switch (criterion) {
    case Criterion::kConfidence:
      return "confidence";
    case Criterion::kNormalizedEntropy:
      return "normalized entropy";
    case Criterion::kEntropyNats:
      return "entropy in nats";
    case Criterion::kMargin:
      return "margin";
    case Criterion::kPatience:
      return "patience";
    case Criterion::kVote:
      return "vote";
    case Criterion::kLearned:
      return "learned";
  }
  return "unknown";
}

bool leaves_at_or_above(Criterion criterion) {
  return criterion != Criterion::kNormalizedEntropy && criterion != Criterion::kEntropyNats;
}

void check_threshold(Criterion criterion, double threshold) {
  switch (criterion) {
    case Criterion::kConfidence:
    case Criterion::kNormalizedEntropy:
    case Criterion::kMargin:
    case Criterion::kLearned:
      if (!(threshold >= 0.0 && threshold <= 1.0))
        refuse_threshold(criterion, threshold, "a number in [0, 1]");
      return;
    case Criterion::kEntropyNats:
      if (!(threshold >= 0.0 && std::isfinite(threshold))) {
        refuse_threshold(criterion, threshold, "a finite number of nats >= 0");
      }
      return;
    case Criterion::kPatience:
      if (!(threshold >= 0.0 && std::isfinite(threshold) && threshold == std::floor(threshold))) {
        refuse_threshold(criterion, threshold, "a whole number of exits >= 0");
      }
      return;
    case Criterion::kVote:
      if (!(threshold >= 1.0 && std::isfinite(threshold) && threshold == std::floor(threshold))) {
        refuse_threshold(criterion, threshold, "a whole number of exits >= 1");
      }
      return;
  }
}

void check_temperature(double temperature) {
  if (!(temperature > 0.0 && std::isfinite(temperature))) {
    std::ostringstream message;
    message.precision(17);
    message << "temperature is " << temperature
            << ", expected a positive finite number (1 leaves logits as they are).";
    throw std::invalid_argument(message.str());
  }
}

double score(Criterion criterion, std::span<const float> logits, double temperature) {
  return score_of(criterion, logits, temperature);
}

double score(Criterion criterion, std::span<const double> logits, double temperature) {
  return score_of(criterion, logits, temperature);
}

std::size_t label(std::span<const float> logits) { return label_of(logits); }

std::size_t label(std::span<const double> logits) { return label_of(logits); }

bool should_exit(Criterion criterion, double score, std::optional<double> threshold) {
  if (!threshold.has_value()) return false;
  switch (criterion) {
    case Criterion::kNormalizedEntropy:
      return score <= *threshold;
    case Criterion::kEntropyNats:
      return score < *threshold;
    case Criterion::kConfidence:
    case Criterion::kMargin:
    case Criterion::kPatience:
    case Criterion::kVote:
    case Criterion::kLearned:
      return score >= *threshold;
  }
  return false;
}

}  // namespace idn::exits
