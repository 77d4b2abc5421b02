#include "idn/identity/node_id_search.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace idn::identity {
namespace {

using namespace std::chrono_literals;

TEST(NodeIdSearch, FindsAKeyWhoseHashBeginsWithEnoughZeroBits) {
  for (const HashFunction function :
       {HashFunction::kSha2Bits256, HashFunction::kSha3Bits256, HashFunction::kKeccak256}) {
    for (const unsigned threads : {1U, 3U}) {
      const auto found = generate_node_id(8, {.function = function, .threads = threads});
      ASSERT_TRUE(found);
      EXPECT_EQ(found->node_id.function(), function);
      EXPECT_GE(verify_node_id(found->node_id, found->key.public_key(), 8).value(), 8U);
      EXPECT_GE(found->progress.candidates, 1U);
      EXPECT_GT(found->progress.seconds, 0.0);
      const Signature signature = found->key.sign(bytes_of("m"));
      EXPECT_TRUE(verify(found->key.public_key(), bytes_of("m"), signature));
    }
  }
}

TEST(NodeIdSearch, WithoutDifficultyEveryKeyWillDoAndNoTwoAreTheSame) {
  std::set<std::array<std::uint8_t, 32>> seeds;
  for (int i = 0; i < 10; ++i) seeds.insert(generate_node_id(0, {.threads = 2})->key.seed());
  EXPECT_EQ(seeds.size(), 10U);
}

TEST(NodeIdSearch, TakesAboutAsManyCandidatesAsExpected) {
  // The sum of 25 geometric variables of mean 2^8: its standard deviation is 256 * sqrt(25) = 1280.
  double candidates = 0;
  for (int i = 0; i < 25; ++i) {
    candidates += static_cast<double>(generate_node_id(8, {.threads = 1})->progress.candidates);
  }
  EXPECT_GT(candidates, 25 * 256 - 4.5 * 1280);
  EXPECT_LT(candidates, 25 * 256 + 8 * 1280);
}

TEST(NodeIdSearch, ReportsAndEndsWhenItIsTold) {
  const auto caller = std::this_thread::get_id();
  int calls = 0;
  SearchProgress last;
  const auto go_on = [&](const SearchProgress& progress) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_GE(progress.candidates, last.candidates);
    EXPECT_GT(progress.seconds, last.seconds);
    last = progress;
    return ++calls < 5;
  };
  EXPECT_FALSE(generate_node_id(kMaxDifficulty, {.threads = 2, .go_on = go_on, .interval = 2ms}));
  EXPECT_EQ(calls, 5);
  EXPECT_GT(last.candidates, 0U);
}

TEST(NodeIdSearch, WhatGoOnThrowsReachesTheCaller) {
  const auto go_on = [](const SearchProgress&) -> bool { throw std::runtime_error("enough"); };
  EXPECT_THROW(generate_node_id(kMaxDifficulty, {.threads = 2, .go_on = go_on, .interval = 1ms}),
               std::runtime_error);
}

TEST(NodeIdSearch, EstimatesFromTheRateSoFar) {
  const SearchProgress progress{.difficulty = 20, .candidates = 100'000, .seconds = 2.0};
  EXPECT_EQ(progress.rate(), 50'000.0);
  EXPECT_EQ(progress.expected_candidates(), 1'048'576.0);
  EXPECT_DOUBLE_EQ(progress.expected_seconds(), 1'048'576.0 / 50'000.0);
  EXPECT_NEAR(progress.chance(), 1 - std::pow(1 - std::ldexp(1.0, -20), 100'000), 1e-12);

  const SearchProgress beginning{.difficulty = 20, .candidates = 0, .seconds = 0.0};
  EXPECT_EQ(beginning.rate(), 0.0);
  EXPECT_TRUE(std::isinf(beginning.expected_seconds()));
  EXPECT_EQ(beginning.chance(), 0.0);

  const SearchProgress hopeless{.difficulty = 64, .candidates = 1'000'000, .seconds = 1.0};
  EXPECT_GT(hopeless.chance(), 0.0);  // about 5e-14, which 1 - (1 - p)^n would round away
  const SearchProgress trivial{.difficulty = 0, .candidates = 1, .seconds = 1.0};
  EXPECT_EQ(trivial.chance(), 1.0);
}

TEST(NodeIdSearch, RefusesWhatItCannotDo) {
  EXPECT_THROW(generate_node_id(kMaxDifficulty + 1), std::invalid_argument);
  EXPECT_THROW(generate_node_id(1, {.threads = kMaxSearchThreads + 1}), std::invalid_argument);
  EXPECT_THROW(generate_node_id(1, {.function = HashFunction::kIdentity}), std::invalid_argument);
  EXPECT_THROW(generate_node_id(1, {.function = HashFunction::kSha1}), std::invalid_argument);
}

}  // namespace
}  // namespace idn::identity
