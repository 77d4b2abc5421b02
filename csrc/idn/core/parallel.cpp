#include "idn/core/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

namespace idn {

void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body) {
  const std::size_t width = std::max<std::size_t>(grain, 1);
  const std::size_t chunks = count / width + (count % width != 0 ? 1 : 0);
  if (chunks <= 1) {
    // Work smaller than one grain is not worth waking a thread for.
    if (count > 0) body(0, count);
    return;
  }
  oneapi::tbb::parallel_for(oneapi::tbb::blocked_range<std::size_t>(0, chunks), [&](const auto& range) {
    body(range.begin() * width, std::min(range.end() * width, count));
  });
}

}  // namespace idn
