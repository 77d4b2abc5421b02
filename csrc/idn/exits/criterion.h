#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace idn::exits {

/// What an exit looks at to decide whether a sample leaves there (dissertation, section 3.4).
enum class Criterion {
  kConfidence,         ///< max of softmax(z / temperature), in [0, 1]; leaves at or above T (Figure 3.3)
  kNormalizedEntropy,  ///< entropy of softmax(z / temperature) over log |C|, in [0, 1]; at or below T
                       ///< (Figure 3.4)
  kEntropyNats,        ///< the same in nats, in [0, log |C|]; strictly below T (BranchyNet, ICPR 2016)
  kMargin,             ///< best probability minus the second best, in [0, 1]; at or above T
  kPatience,           ///< how many exits before this one in a row gave the same label; at or above T
  kVote,  ///< how many exits so far, this one included, gave this one's label; at or above T (Sun et al.,
          ///< "Early exiting with ensemble internal classifiers", 2021, but the label stays the exit's own)
  kLearned,  ///< how probably this exit is right (learned_score.h), in [0, 1]; at or above T
};

/// The name a config and an error message use.
std::string_view to_string(Criterion criterion);

/// Whether a higher score is a reason to leave (all others) or a lower one (both entropies).
bool leaves_at_or_above(Criterion criterion);

/// Throws std::invalid_argument, naming the value and the range, for a threshold the criterion can't have.
void check_threshold(Criterion criterion, double threshold);

/// Throws std::invalid_argument unless temperature is positive and finite.
void check_temperature(double temperature);

/// The score of one sample from its logits; NaN where a logit is NaN or all are minus infinity.
///
/// Exact at the edges: 1 or 0 for one-hot and uniform outputs. Needs at least two classes (kPatience and
/// kVote look at several exits, kLearned at parameters too: they have no such score).
double score(Criterion criterion, std::span<const float> logits, double temperature = 1.0);
double score(Criterion criterion, std::span<const double> logits, double temperature = 1.0);

/// The label: the first of the highest logits.
std::size_t label(std::span<const float> logits);
std::size_t label(std::span<const double> logits);

/// Whether a sample with this score leaves; no threshold means never, which no number can say
/// (a saturated softmax has entropy 0, so even T = 0 lets it out).
bool should_exit(Criterion criterion, double score, std::optional<double> threshold);

}  // namespace idn::exits
