#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace idn::exits {

/// What a learned score sees of an exit's logits and of the answers before it.
enum class Feature : std::size_t {
  kLogOdds,            ///< of the highest probability: log p - log(1 - p)
  kNormalizedEntropy,  ///< of the probabilities, over log |C|
  kMargin,             ///< the highest logit minus the second
  kHighest,            ///< the highest logit itself
  kAgreement,          ///< the share of earlier exits that gave this exit's label; 0 at the first
};
inline constexpr std::size_t kFeatures = 5;
using Features = std::array<double, kFeatures>;

/// What an exit's logits (at least two) give; `agreement` is handed through.
///
/// Log-odds and margin are held within +-kLargestFeature, which they only leave where logits are infinite.
/// All NaN where a logit is NaN or the highest is infinite.
Features features(std::span<const float> logits, double agreement);
Features features(std::span<const double> logits, double agreement);
inline constexpr double kLargestFeature = 1e4;

/// How probable it is that an exit is right: a logistic regression on its standardised features.
struct LearnedScore {
  Features mean{};
  Features deviation{};  ///< positive; 1 for a feature that is the same for all samples, whose weight is 0
  Features weight{};
  double intercept = 0.0;
};

/// The probability, in [0, 1], that the exit is right.
double score(const LearnedScore& learned, std::span<const double, kFeatures> features);

/// Fits by Newton's method, with an L2 penalty of one on the weights (not the intercept) and Platt's targets,
/// (n+ + 1) / (n+ + 2) and 1 / (n- + 2), so that separable data, and an exit that is always right, have a
/// finite answer too (Platt, "Probabilistic outputs for support vector machines", 1999; Lin, Lin and Weng,
/// "A note on Platt's probabilistic outputs", 2007).
///
/// features: samples * kFeatures, row by row, finite. right: per sample, 0 or 1. Throws
/// std::invalid_argument, naming the sample, for anything else.
LearnedScore fit_learned_score(std::span<const double> features, std::span<const std::uint8_t> right);

}  // namespace idn::exits
