#include "idn/math/incomplete_beta.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace idn::math {
namespace {

struct Vector {
  std::string name;
  double a, b, x;
  long double expected;  // holds values down to 1e-4932, which a double does not
};

std::vector<Vector> read_vectors() {
  std::ifstream file(IDN_TEST_DATA "/incomplete_beta.tsv");
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name, a, b, x, value;
    std::getline(fields, name, '\t');
    std::getline(fields, a, '\t');
    std::getline(fields, b, '\t');
    std::getline(fields, x, '\t');
    std::getline(fields, value, '\t');
    vectors.push_back({name, std::stod(a), std::stod(b), std::stod(x), std::strtold(value.c_str(), nullptr)});
  }
  return vectors;
}

TEST(IncompleteBeta, AgreesWithTheVectorsToThirteenDigits) {
  const auto vectors = read_vectors();
  ASSERT_GE(vectors.size(), 100U);
  for (const auto& v : vectors) {
    SCOPED_TRACE(v.name);
    const double value = incomplete_beta(v.x, v.a, v.b);
    const double logarithm = incomplete_beta(v.x, v.a, v.b, {.log = true});
    if (v.expected >= 1e-300L) {
      EXPECT_LE(std::abs(value - v.expected), 1e-13L * v.expected);
    }
    if (v.expected == 0) {
      EXPECT_EQ(value, 0.0);
      EXPECT_EQ(logarithm, -std::numeric_limits<double>::infinity());
    } else {
      const long double expected = std::log(v.expected);
      EXPECT_LE(std::abs(logarithm - expected), 1e-13L * std::abs(expected)) << logarithm;
    }
  }
}

TEST(IncompleteBeta, TheComplementOfTheVectorsIsOneMinusThem) {
  for (const auto& v : read_vectors()) {
    SCOPED_TRACE(v.name);
    const long double expected = 1.0L - v.expected;
    // The subtraction here loses what lies below the vectors' 25 digits; one part in 1e18 of one remains.
    EXPECT_LE(std::abs(incomplete_beta(v.x, v.a, v.b, {.complement = true}) - expected),
              1e-13L * expected + 1e-18L);
  }
}

TEST(IncompleteBeta, TheComplementMirrorsTheArguments) {
  // 1 - I(x; a, b) = I(1 - x; b, a), and x is chosen so that 1 - x is exact.
  for (const double x : {0.125, 0.25, 0.5, 0.875}) {
    for (const double a : {0.5, 3.0, 40.0}) {
      const double b = 2.5;
      EXPECT_NEAR(incomplete_beta(x, a, b, {.complement = true}), incomplete_beta(1 - x, b, a), 1e-15);
    }
  }
}

TEST(IncompleteBeta, TheLogarithmGoesOnWhereEveryFloatingPointValueIsZero) {
  // I(x; a, 1) = x^a, so the logarithm is known exactly.
  const double x = 0.001;
  const double a = 100000.0;
  EXPECT_EQ(incomplete_beta(x, a, 1.0), 0.0);
  const double expected = a * std::log(x);
  EXPECT_NEAR(incomplete_beta(x, a, 1.0, {.log = true}), expected, 1e-13 * std::abs(expected));
  // And 1 - I(x; 1, b) = (1 - x)^b.
  const double mirrored = a * std::log1p(-0.999);
  EXPECT_NEAR(incomplete_beta(0.999, 1.0, a, {.complement = true, .log = true}), mirrored,
              1e-13 * std::abs(mirrored));
}

TEST(IncompleteBeta, TheLogarithmNearOneKeepsItsDigits) {
  // I(x; 1, 1) = x; log(1 - 2^-40) is about -9.1e-13.
  const double x = 1.0 - std::ldexp(1.0, -40);
  const double expected = std::log1p(-std::ldexp(1.0, -40));
  EXPECT_NEAR(incomplete_beta(x, 1.0, 1.0, {.log = true}), expected, 1e-13 * std::abs(expected));
}

TEST(IncompleteBeta, TheEndsAreExact) {
  for (const double b : {0.25, 1.0, 7.0}) {
    EXPECT_EQ(incomplete_beta(0.0, 2.0, b), 0.0);
    EXPECT_EQ(incomplete_beta(1.0, 2.0, b), 1.0);
    EXPECT_EQ(incomplete_beta(0.0, 2.0, b, {.complement = true}), 1.0);
    EXPECT_EQ(incomplete_beta(1.0, 2.0, b, {.complement = true}), 0.0);
    EXPECT_EQ(incomplete_beta(1.0, 2.0, b, {.log = true}), 0.0);
    EXPECT_EQ(incomplete_beta(1.0, 2.0, b, {.complement = true, .log = true}),
              -std::numeric_limits<double>::infinity());
  }
}

TEST(IncompleteBeta, AnArgumentOutOfRangeIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THROW(incomplete_beta(-0.1, 1, 1), std::invalid_argument);
  EXPECT_THROW(incomplete_beta(1.1, 1, 1), std::invalid_argument);
  EXPECT_THROW(incomplete_beta(nan, 1, 1), std::invalid_argument);
  EXPECT_THROW(incomplete_beta(0.5, 0, 1), std::invalid_argument);
  EXPECT_THROW(incomplete_beta(0.5, 1, infinity), std::invalid_argument);
  EXPECT_THROW(incomplete_beta(0.5, 1e300, 1e300), std::invalid_argument) << "it would not end";
  EXPECT_DOUBLE_EQ(incomplete_beta(0.5, 1e9, 1e9), 0.5);
  try {
    incomplete_beta(0.5, -2, 1);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("a is -2"), std::string::npos) << error.what();
  }
}

TEST(IncompleteBeta, ManyAtOnceEqualOneAtATime) {
  std::vector<double> x(2000), a(2000), b(2000), out(2000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<double>(i) / 2000.0;
    a[i] = 0.5 + static_cast<double>(i % 17);
    b[i] = 0.5 + static_cast<double>(i % 5);
  }
  incomplete_beta(x, a, b, out);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(out[i], incomplete_beta(x[i], a[i], b[i]));
  EXPECT_THROW(incomplete_beta(x, a, b, std::span(out).first(3)), std::invalid_argument);
}

}  // namespace
}  // namespace idn::math
