#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

namespace idn::fuzz {

/// Memory between two pages that nobody may touch, its end at the second, so that a read or write beyond it
/// stops the program also in code that no sanitizer has compiled.
///
/// The end is a multiple of kAlignment: up to 15 bytes beyond a size may be touched unseen.
class GuardedBlock {
 public:
  static constexpr std::size_t kAlignment = 16;

  explicit GuardedBlock(std::size_t size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inside = (size + page - 1) / page * page;
    whole_size_ = inside + 2 * page;
    whole_ = mmap(nullptr, whole_size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole_ == MAP_FAILED) throw std::bad_alloc();
    auto* const first = static_cast<std::uint8_t*>(whole_) + page;
    if (mprotect(first, inside, PROT_READ | PROT_WRITE) != 0) {
      munmap(whole_, whole_size_);
      throw std::bad_alloc();
    }
    data_ = first + inside - (size + kAlignment - 1) / kAlignment * kAlignment;
  }
  GuardedBlock(const GuardedBlock&) = delete;
  GuardedBlock& operator=(const GuardedBlock&) = delete;
  ~GuardedBlock() { munmap(whole_, whole_size_); }

  [[nodiscard]] void* data() const { return data_; }

 private:
  void* whole_ = nullptr;
  std::size_t whole_size_ = 0;
  void* data_ = nullptr;
};

/// Gives every tensor on the CPU a guarded block of its own.
class GuardedAllocator final : public c10::Allocator {
 public:
  /// From here on, for the whole program.
  static void install() {
    static GuardedAllocator only;
    c10::SetCPUAllocator(&only, /*priority=*/255);
  }

  c10::DataPtr allocate(std::size_t size) override {
    if (size == 0) return {nullptr, nullptr, &free_block, c10::Device(c10::DeviceType::CPU)};
    auto block = std::make_unique<GuardedBlock>(size);
    void* const data = block->data();
    const std::lock_guard lock(mutex());
    blocks().emplace(data, std::move(block));
    return {data, data, &free_block, c10::Device(c10::DeviceType::CPU)};
  }

  // Torch gives back by the address alone what it asks for as scratch.
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &free_block; }

  void copy_data(void* to, const void* from, std::size_t count) const override {
    std::memcpy(to, from, count);
  }

 private:
  using Blocks = std::unordered_map<void*, std::unique_ptr<GuardedBlock>>;

  static std::mutex& mutex() {
    static std::mutex only;
    return only;
  }

  // Never destroyed: torch gives tensors back until the very end.
  static Blocks& blocks() {
    static auto* const all = new Blocks;
    return *all;
  }

  static void free_block(void* data) {
    const std::lock_guard lock(mutex());
    blocks().erase(data);
  }
};

}  // namespace idn::fuzz
