#pragma once

#include <cstddef>
#include <functional>

namespace idn {

/// Calls body(begin, end) on disjoint ranges that together cover [0, count), on oneTBB's threads.
///
/// No range but the last is shorter than `grain`; an exception thrown by body reaches the caller.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace idn
