#include "idn_torch/kept_memory.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <bit>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace idn_torch {
namespace {

constexpr std::size_t kLeast = std::size_t{64} << 10;  // below, the C library keeps memory well enough
constexpr std::size_t kMost = std::size_t{128} << 20;  // of a thread

struct Block {
  c10::DataPtr memory;
  std::size_t size = 0;
};

// Set when a thread's blocks are gone: tensors may outlive them.
thread_local bool ended = false;

struct Blocks {
  std::vector<std::unique_ptr<Block>> kept;
  std::size_t bytes = 0;

  Blocks() = default;
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() { ended = true; }
};

thread_local Blocks blocks;

// Eight sizes between a power of two and the next, so that batches of nearly one size share memory.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

// What has been kept longest makes room: sizes that nobody asks for any more must not stay.
void let_go(void* context) {
  std::unique_ptr<Block> block(static_cast<Block*>(context));
  if (ended) return;
  blocks.bytes += block->size;
  blocks.kept.push_back(std::move(block));
  while (blocks.bytes > kMost) {
    blocks.bytes -= blocks.kept.front()->size;
    blocks.kept.erase(blocks.kept.begin());
  }
}

// The smallest that is large enough, unless it is far too large.
std::unique_ptr<Block> take(std::size_t size) {
  if (ended) return nullptr;
  auto best = blocks.kept.end();
  for (auto at = blocks.kept.begin(); at != blocks.kept.end(); ++at) {
    const bool fits = (*at)->size >= size && (*at)->size <= size + size / 2;
    if (fits && (best == blocks.kept.end() || (*at)->size < (*best)->size)) best = at;
  }
  if (best == blocks.kept.end()) return nullptr;
  std::unique_ptr<Block> block = std::move(*best);
  blocks.kept.erase(best);
  blocks.bytes -= block->size;
  return block;
}

class KeptMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes < kLeast || bytes > kMost) return c10::GetCPUAllocator()->allocate(bytes);
    const std::size_t size = rounded(bytes);
    std::unique_ptr<Block> block = take(size);
    if (block == nullptr)
      block = std::make_unique<Block>(Block{c10::GetCPUAllocator()->allocate(size), size});
    void* const data = block->memory.get();
    return {data, block.release(), let_go, at::kCPU};
  }

  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

}  // namespace

at::Tensor empty_in_kept_memory(at::IntArrayRef sizes, at::MemoryFormat format) {
  static KeptMemory memory;
  return at::detail::empty_generic(sizes, &memory, c10::DispatchKeySet(c10::DispatchKey::CPU), at::kFloat,
                                   format);
}

}  // namespace idn_torch
