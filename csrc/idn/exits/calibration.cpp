#include "idn/exits/calibration.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "idn/exits/criterion.h"

namespace idn::exits {
namespace {

void check(std::span<const float> logits, std::span<const std::int64_t> labels, std::size_t classes) {
  std::ostringstream message;
  if (classes < 2 || labels.empty() || logits.size() / classes != labels.size() ||
      logits.size() % classes != 0) {
    message << "calibration: " << logits.size() << " logits of " << classes << " classes do not fit "
            << labels.size() << " labels; expected at least one sample and two classes.";
    throw std::invalid_argument(message.str());
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isfinite(logits[i])) continue;
    message << "calibration: a logit of sample " << i / classes << " is " << logits[i]
            << ", expected a number.";
    throw std::invalid_argument(message.str());
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && static_cast<std::size_t>(labels[i]) < classes) continue;
    message << "calibration: the label of sample " << i << " is " << labels[i] << ", expected one of 0 to "
            << classes - 1 << ".";
    throw std::invalid_argument(message.str());
  }
}

// The mean negative log-likelihood as a function of the inverse temperature, and its first two derivatives.
struct Likelihood {
  double loss = 0.0;
  double slope = 0.0;
  double curvature = 0.0;
};

Likelihood likelihood(std::span<const float> logits, std::span<const std::int64_t> labels,
                      std::size_t classes, double inverse) {
  Likelihood sum;
  Eigen::ArrayXd centred(static_cast<Eigen::Index>(classes));
  Eigen::ArrayXd weight(static_cast<Eigen::Index>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Eigen::Map<const Eigen::ArrayXf> row(logits.data() + i * classes,
                                               static_cast<Eigen::Index>(classes));
    centred = row.cast<double>() - static_cast<double>(row.maxCoeff());
    weight = (inverse * centred).exp();
    const double total = weight.sum();
    const double mean = (weight * centred).sum() / total;
    const double mean_of_squares = (weight * centred.square()).sum() / total;
    const double target = centred[static_cast<Eigen::Index>(labels[i])];
    sum.loss += std::log(total) - inverse * target;
    sum.slope += mean - target;
    sum.curvature += std::max(0.0, mean_of_squares - mean * mean);
  }
  const auto samples = static_cast<double>(labels.size());
  return {sum.loss / samples, sum.slope / samples, sum.curvature / samples};
}

}  // namespace

Calibration fit_temperature(std::span<const float> logits, std::span<const std::int64_t> labels,
                            std::size_t classes) {
  check(logits, labels, classes);
  // The loss is convex, so its slope changes sign at most once: Newton's step where it stays between the
  // bounds known so far, and their middle where it does not.
  double low = 1.0 / kHighestTemperature;
  double high = 1.0 / kLowestTemperature;
  double inverse = 1.0;
  const Likelihood before = likelihood(logits, labels, classes, inverse);
  Likelihood now = before;
  for (int step = 0; step < 200 && high - low > 1e-14 * high; ++step) {
    (now.slope > 0.0 ? high : low) = inverse;
    double next = inverse - now.slope / now.curvature;
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next - inverse) <= 1e-13 * inverse) break;
    inverse = next;
    now = likelihood(logits, labels, classes, inverse);
  }
  // No further than what is known to be better: at a bound, the fit has no optimum of its own.
  if (now.loss > before.loss)
    return {.temperature = 1.0, .loss_before = before.loss, .loss_after = before.loss};
  return {.temperature = 1.0 / inverse, .loss_before = before.loss, .loss_after = now.loss};
}

std::vector<ReliabilityBin> reliability(std::span<const float> logits, std::span<const std::int64_t> labels,
                                        std::size_t classes, double temperature, std::size_t bins) {
  check(logits, labels, classes);
  check_temperature(temperature);
  if (bins == 0 || bins > 10000) {
    throw std::invalid_argument("calibration: bins is " + std::to_string(bins) + ", expected 1 to 10000.");
  }
  std::vector<ReliabilityBin> found(bins);
  const auto width = static_cast<double>(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    found[b].lower = static_cast<double>(b) / width;
    found[b].upper = static_cast<double>(b + 1) / width;
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const double confidence = score(Criterion::kConfidence, row, temperature);
    const auto place = static_cast<std::size_t>(std::max(0.0, std::ceil(confidence * width) - 1.0));
    ReliabilityBin& bin = found[std::min(place, bins - 1)];
    ++bin.samples;
    bin.confidence += confidence;
    bin.accuracy += label(row) == static_cast<std::size_t>(labels[i]) ? 1.0 : 0.0;
  }
  for (ReliabilityBin& bin : found) {
    if (bin.samples == 0) continue;
    bin.confidence /= static_cast<double>(bin.samples);
    bin.accuracy /= static_cast<double>(bin.samples);
  }
  return found;
}

double expected_calibration_error(std::span<const ReliabilityBin> bins) {
  double gap = 0.0;
  std::size_t samples = 0;
  for (const ReliabilityBin& bin : bins) {
    gap += static_cast<double>(bin.samples) * std::abs(bin.accuracy - bin.confidence);
    samples += bin.samples;
  }
  return samples == 0 ? 0.0 : gap / static_cast<double>(samples);
}

}  // namespace idn::exits
