#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace idn::exits {

/// The temperature that makes an exit's probabilities fit best, and how well they fit before and after.
struct Calibration {
  double temperature = 1.0;
  double loss_before = 0.0;  ///< mean negative log-likelihood in nats, at temperature 1
  double loss_after = 0.0;   ///< at `temperature`
};

/// Bounds of the search; data that any temperature separates perfectly ends at one of them.
inline constexpr double kLowestTemperature = 0.01;
inline constexpr double kHighestTemperature = 100.0;

/// Fits one temperature to the logits of one exit by Newton's method on its inverse, in which the negative
/// log-likelihood is convex (Guo et al., "On calibration of modern neural networks", ICML 2017).
///
/// logits: samples * classes, row by row, finite. labels: in [0, classes). Throws std::invalid_argument,
/// naming the sample, for anything else.
Calibration fit_temperature(std::span<const float> logits, std::span<const std::int64_t> labels,
                            std::size_t classes);

/// Predictions whose confidence lies in (lower, upper]; the first bin holds 0 too.
struct ReliabilityBin {
  double lower = 0.0;
  double upper = 0.0;
  std::size_t samples = 0;
  double confidence = 0.0;  ///< mean over the bin's samples, 0 if there is none
  double accuracy = 0.0;    ///< share answered rightly, 0 if there is none
};

/// Bins of equal width over confidence in [0, 1]: what a reliability diagram draws.
std::vector<ReliabilityBin> reliability(std::span<const float> logits, std::span<const std::int64_t> labels,
                                        std::size_t classes, double temperature, std::size_t bins);

/// Expected calibration error in [0, 1]: the mean gap between confidence and accuracy, by share of samples.
double expected_calibration_error(std::span<const ReliabilityBin> bins);

}  // namespace idn::exits
