#include "idn/core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace idn {
namespace {

TEST(ParallelFor, EveryIndexIsVisitedExactlyOnce) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    std::vector<std::atomic<int>> visits(count);
    parallel_for(count, 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    for (const auto& visit : visits) EXPECT_EQ(visit, 1);
  }
}

TEST(ParallelFor, AGrainOfZeroIsReadAsOne) {
  std::atomic<int> sum = 0;
  parallel_for(5, 0, [&](std::size_t begin, std::size_t end) { sum += static_cast<int>(end - begin); });
  EXPECT_EQ(sum, 5);
}

TEST(ParallelFor, AnExceptionReachesTheCaller) {
  EXPECT_THROW(parallel_for(100, 1,
                            [](std::size_t begin, std::size_t) {
                              if (begin >= 50) throw std::invalid_argument("fifty");
                            }),
               std::invalid_argument);
}

}  // namespace
}  // namespace idn
