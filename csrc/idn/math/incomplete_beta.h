#pragma once

#include <span>

namespace idn::math {

/// Which form of the regularised incomplete beta function to compute.
struct IncompleteBetaOptions {
  bool complement = false;  ///< 1 - I(x; a, b), without the cancellation of a subtraction
  bool log = false;         ///< the natural logarithm, accurate also where the value itself underflows
};

/// The regularised incomplete beta function I(x; a, b) = B(x; a, b) / B(1; a, b).
///
/// x lies in [0, 1]; a and b are positive, up to 1e9; anything else is std::invalid_argument.
/// The relative error is at most 1e-13, or that of the logarithm where the value is below 1e-300.
double incomplete_beta(double x, double a, double b, IncompleteBetaOptions options = {});

/// The same for each i: out[i] = incomplete_beta(x[i], a[i], b[i], options). All spans have one length.
void incomplete_beta(std::span<const double> x, std::span<const double> a, std::span<const double> b,
                     std::span<double> out, IncompleteBetaOptions options = {});

}  // namespace idn::math
