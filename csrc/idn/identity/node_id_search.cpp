#include "idn/identity/node_id_search.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "idn/identity/sodium.h"

namespace idn::identity {
namespace {

using Seed = std::array<std::uint8_t, 32>;

// Random seeds, a block at a time, for a system call each would take a tenth of the search. ChaCha20's output
// begins with its next key, which replaces the old one before any seed is given away.
class SeedSource {
 public:
  SeedSource() { randombytes_buf(block_.data(), sizeof(Seed)); }
  ~SeedSource() { sodium_memzero(block_.data(), sizeof(block_)); }
  SeedSource(const SeedSource&) = delete;
  SeedSource& operator=(const SeedSource&) = delete;

  const Seed& next() {
    if (used_ == block_.size()) {
      Seed key = block_[0];
      randombytes_buf_deterministic(block_.data(), sizeof(block_), key.data());
      sodium_memzero(key.data(), key.size());
      used_ = 1;
    }
    return block_[used_++];
  }

 private:
  std::array<Seed, 64> block_{};  // the next key, then seeds
  std::size_t used_ = block_.size();
};

static_assert(randombytes_SEEDBYTES == sizeof(Seed));

class Search {
 public:
  Search(unsigned difficulty, HashFunction function) : difficulty_(difficulty), function_(function) {}

  // One thread's part: until it is told to stop, or anyone has found a key.
  void run(const std::stop_token& stop) {
    try {
      SeedSource seeds;
      while (!stop.stop_requested() && !done_) {
        PrivateKey key = PrivateKey::from_seed(seeds.next());
        Multihash id = node_id(key.public_key(), function_);
        candidates_.fetch_add(1, std::memory_order_relaxed);
        if (leading_zero_bits(id.digest_bytes()) >= difficulty_) return finish(std::move(id), std::move(key));
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      done_ = true;
      wake_.notify_one();
    }
  }

  // Whether the search is over; waits no longer than the interval.
  bool wait(std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, interval, [this] { return done_.load(); });
  }

  [[nodiscard]] SearchProgress progress() const {
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start_;
    return {difficulty_, candidates_.load(std::memory_order_relaxed), time.count()};
  }

  // After wait() said that it is over.
  FoundNodeId take() {
    const std::lock_guard lock(mutex_);
    if (found_) return {std::move(found_->first), std::move(found_->second), progress()};
    std::rethrow_exception(failure_);
  }

 private:
  void finish(Multihash id, PrivateKey key) {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    found_.emplace(std::move(id), std::move(key));
    done_ = true;
    wake_.notify_one();
  }

  const unsigned difficulty_;
  const HashFunction function_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> candidates_ = 0;
  std::atomic<bool> done_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<std::pair<Multihash, PrivateKey>> found_;
  std::exception_ptr failure_;
};

unsigned thread_count(unsigned asked) {
  if (asked > kMaxSearchThreads) {
    throw std::invalid_argument("a search with " + std::to_string(asked) + " threads, expected at most " +
                                std::to_string(kMaxSearchThreads) + ".");
  }
  if (asked > 0) return asked;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxSearchThreads);
}

}  // namespace

double SearchProgress::rate() const { return seconds > 0 ? static_cast<double>(candidates) / seconds : 0.0; }

double SearchProgress::expected_candidates() const { return std::ldexp(1.0, static_cast<int>(difficulty)); }

double SearchProgress::expected_seconds() const {
  const double per_second = rate();
  return per_second > 0 ? expected_candidates() / per_second : std::numeric_limits<double>::infinity();
}

double SearchProgress::chance() const {
  if (candidates == 0) return 0.0;
  // 1 - (1 - p)^n, where p may be far below what 1 - p can hold.
  return -std::expm1(static_cast<double>(candidates) * std::log1p(-1.0 / expected_candidates()));
}

std::optional<FoundNodeId> generate_node_id(unsigned difficulty, const SearchOptions& options) {
  check_difficulty(difficulty);
  const unsigned count = thread_count(options.threads);
  if (!names_nodes(options.function)) node_id(PublicKey{}, options.function);  // says which ones do
  start_sodium();
  Search search(difficulty, options.function);
  std::vector<std::jthread> threads;  // each is stopped and joined where this goes
  threads.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&search](const std::stop_token& stop) { search.run(stop); });
  }
  while (!search.wait(options.interval)) {
    if (options.go_on && !options.go_on(search.progress())) return std::nullopt;
  }
  return search.take();
}

}  // namespace idn::identity
