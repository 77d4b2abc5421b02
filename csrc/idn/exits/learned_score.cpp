#include "idn/exits/learned_score.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "idn/exits/criterion.h"

namespace idn::exits {
namespace {

constexpr auto kColumns = static_cast<Eigen::Index>(kFeatures + 1);  // the last is the intercept's
constexpr double kPenalty = 1.0;
constexpr int kMostSteps = 100;

using Parameters = Eigen::Matrix<double, kColumns, 1>;
using Curvature = Eigen::Matrix<double, kColumns, kColumns>;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, kColumns, Eigen::RowMajor>;

template <typename T>
Features features_of(std::span<const T> logits, double agreement) {
  const double entropy = score(Criterion::kNormalizedEntropy, logits);
  if (std::isnan(entropy)) {
    Features none;
    none.fill(std::numeric_limits<double>::quiet_NaN());
    return none;
  }
  const std::size_t best = label(logits);
  double second = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i != best) second = std::max(second, static_cast<double>(logits[i]));
  }
  // 1 - p is summed from the rest, or it would vanish next to p long before its logarithm does.
  double rest = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i != best && !std::isinf(second)) rest += std::exp(static_cast<double>(logits[i]) - second);
  }
  const auto highest = static_cast<double>(logits[best]);
  const auto held = [](double value) { return std::clamp(value, -kLargestFeature, kLargestFeature); };
  const double margin = highest - second;
  return {held(std::isinf(margin) ? margin : margin - std::log(rest)), entropy, held(margin), highest,
          agreement};
}

double sigmoid(double z) {
  const double e = std::exp(-std::abs(z));
  return z >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

void check(std::span<const double> features, std::span<const std::uint8_t> right) {
  std::ostringstream message;
  if (right.empty() || features.size() != right.size() * kFeatures) {
    message << "learned score: " << features.size() << " features do not fit " << right.size()
            << " samples; expected at least one sample and " << kFeatures << " features of each.";
    throw std::invalid_argument(message.str());
  }
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (std::isfinite(features[i])) continue;
    message << "learned score: feature " << i % kFeatures << " of sample " << i / kFeatures << " is "
            << features[i] << ", expected a number.";
    throw std::invalid_argument(message.str());
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right[i] <= 1) continue;
    message << "learned score: right of sample " << i << " is " << int{right[i]} << ", expected 0 or 1.";
    throw std::invalid_argument(message.str());
  }
}

// The penalised negative log-likelihood, which is strictly convex: it has one minimum, and a step that is
// halved until it lowers the loss leads there.
class Regression {
 public:
  Regression(Rows rows, std::span<const std::uint8_t> right) : rows_(std::move(rows)) {
    const auto positive = static_cast<double>(std::count(right.begin(), right.end(), 1));
    const double negative = static_cast<double>(right.size()) - positive;
    high_ = (positive + 1.0) / (positive + 2.0);
    low_ = 1.0 / (negative + 2.0);
    targets_.resize(rows_.rows());
    for (Eigen::Index i = 0; i < targets_.size(); ++i)
      targets_[i] = right[static_cast<std::size_t>(i)] != 0 ? high_ : low_;
    penalty_.setConstant(kPenalty);
    penalty_[kColumns - 1] = 0.0;
  }

  [[nodiscard]] Parameters fit() const {
    Parameters now = Parameters::Zero();
    const double share = targets_.mean();
    now[kColumns - 1] = std::log(share / (1.0 - share));
    double loss = loss_at(now);
    for (int step = 0; step < kMostSteps; ++step) {
      const auto [gradient, curvature] = slope_at(now);
      const Parameters direction = -curvature.ldlt().solve(gradient);
      const double promised = -gradient.dot(direction);  // twice what the quadratic model gains
      if (!(promised > 1e-14 * (1.0 + loss))) break;
      double length = 1.0;
      Parameters next = now + direction;
      double lower = loss_at(next);
      while (!(lower <= loss - 1e-4 * length * promised) && length > 1e-10) {
        length /= 2.0;
        next = now + length * direction;
        lower = loss_at(next);
      }
      if (!(lower < loss)) break;
      now = next;
      loss = lower;
    }
    return now;
  }

 private:
  [[nodiscard]] double loss_at(const Parameters& parameters) const {
    const Eigen::ArrayXd z = rows_ * parameters;
    // -t log p - (1 - t) log(1 - p) = max(z, 0) - t z + log(1 + exp(-|z|))
    const double fit = (z.max(0.0) - targets_ * z + (-z.abs()).exp().log1p()).sum();
    return fit + 0.5 * (penalty_.array() * parameters.array().square()).sum();
  }

  [[nodiscard]] std::pair<Parameters, Curvature> slope_at(const Parameters& parameters) const {
    const Eigen::ArrayXd z = rows_ * parameters;
    const Eigen::ArrayXd p = z.unaryExpr(&sigmoid);
    Parameters gradient = rows_.transpose() * (p - targets_).matrix();
    gradient += penalty_.cwiseProduct(parameters);
    const Eigen::ArrayXd spread = p * (1.0 - p);
    Curvature curvature = rows_.transpose() * spread.matrix().asDiagonal() * rows_;
    curvature += penalty_.asDiagonal();
    curvature(kColumns - 1, kColumns - 1) += 1e-9;  // where every answer is sure, nothing else holds it
    return {gradient, curvature};
  }

  Rows rows_;
  Eigen::ArrayXd targets_;
  Parameters penalty_;
  double high_ = 1.0;
  double low_ = 0.0;
};

}  // namespace

Features features(std::span<const float> logits, double agreement) { return features_of(logits, agreement); }

Features features(std::span<const double> logits, double agreement) { return features_of(logits, agreement); }

double score(const LearnedScore& learned, std::span<const double, kFeatures> features) {
  double z = learned.intercept;
  for (std::size_t f = 0; f < kFeatures; ++f)
    z += learned.weight[f] * (features[f] - learned.mean[f]) / learned.deviation[f];
  return sigmoid(z);
}

LearnedScore fit_learned_score(std::span<const double> features, std::span<const std::uint8_t> right) {
  check(features, right);
  const auto samples = static_cast<Eigen::Index>(right.size());
  Rows rows(samples, kColumns);
  LearnedScore learned;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const auto column = static_cast<Eigen::Index>(f);
    for (Eigen::Index i = 0; i < samples; ++i)
      rows(i, column) = features[static_cast<std::size_t>(i) * kFeatures + f];
    const double largest = rows.col(column).cwiseAbs().maxCoeff();
    const double mean = rows.col(column).mean();
    rows.col(column).array() -= mean;
    const double deviation = std::sqrt(rows.col(column).squaredNorm() / static_cast<double>(samples));
    // A spread that is no more than rounding says nothing, and neither does one beyond all numbers.
    const bool tells = deviation > 1e-12 * std::max(1.0, largest) && std::isfinite(deviation);
    learned.mean[f] = tells ? mean : 0.0;
    learned.deviation[f] = tells ? deviation : 1.0;
    if (tells) {
      rows.col(column) /= deviation;
    } else {
      rows.col(column).setZero();
    }
  }
  rows.col(kColumns - 1).setOnes();
  const Parameters found = Regression(std::move(rows), right).fit();
  for (std::size_t f = 0; f < kFeatures; ++f) learned.weight[f] = found[static_cast<Eigen::Index>(f)];
  learned.intercept = found[kColumns - 1];
  return learned;
}

}  // namespace idn::exits
