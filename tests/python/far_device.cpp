// A device called "far", of this machine's own memory at addresses that nobody may read: as a graphics card's
// memory is to the host. Operators run on the CPU, on copies. So code that reads a tensor where it lies, or
// mixes devices, fails here too.
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>

namespace {

constexpr c10::DeviceType kFar = c10::DeviceType::PrivateUse1;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// Each block is mapped twice: where the tensors think it is, without any right, and where the copies reach
// it.
class Memory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const Block block = make(bytes);
    const std::lock_guard lock(mutex_);
    blocks_[reinterpret_cast<std::uintptr_t>(block.far)] = block;
    return {block.far, block.far, &Memory::release, c10::Device(kFar, 0)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &Memory::release; }

  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(reached(to), reached(from), bytes);
  }

  // The address at which this may be read and written.
  void* reached(const void* address) const {
    const std::lock_guard lock(mutex_);
    const auto asked = reinterpret_cast<std::uintptr_t>(address);
    auto after = blocks_.upper_bound(asked);
    TORCH_CHECK(after != blocks_.begin(), "not an address of the far device");
    const auto& [begin, block] = *--after;
    TORCH_CHECK(asked < begin + block.bytes, "not an address of the far device");
    return static_cast<char*>(block.near) + (asked - begin);
  }

  static Memory& get() {
    static auto* const memory = new Memory;  // never destroyed: tensors may outlive it
    return *memory;
  }

 private:
  struct Block {
    void* far = nullptr;
    void* near = nullptr;
    std::size_t bytes = 0;
  };

  static Block make(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    Block block;
    block.bytes = (bytes / page + 1) * page;
    const int file = memfd_create("far", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, static_cast<off_t>(block.bytes)) != 0) fail("far memory");
    block.near = mmap(nullptr, block.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    block.far = mmap(nullptr, block.bytes, PROT_NONE, MAP_SHARED, file, 0);
    close(file);
    if (block.near == MAP_FAILED || block.far == MAP_FAILED) fail("far memory");
    return block;
  }

  static void release(void* far) {
    Memory& memory = get();
    const std::lock_guard lock(memory.mutex_);
    const auto found = memory.blocks_.find(reinterpret_cast<std::uintptr_t>(far));
    munmap(found->second.near, found->second.bytes);
    munmap(found->second.far, found->second.bytes);
    memory.blocks_.erase(found);
  }

  mutable std::mutex mutex_;
  std::map<std::uintptr_t, Block> blocks_;
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex /*index*/) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
};

at::Tensor empty_strided(c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides,
                         std::optional<at::ScalarType> dtype, std::optional<at::Layout> /*layout*/,
                         std::optional<at::Device> /*device*/, std::optional<bool> /*pinned*/) {
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides),
                                           &Memory::get(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(dtype));
}

at::Tensor empty(c10::SymIntArrayRef sizes, std::optional<at::ScalarType> dtype,
                 std::optional<at::Layout> /*layout*/, std::optional<at::Device> /*device*/,
                 std::optional<bool> /*pinned*/, std::optional<at::MemoryFormat> order) {
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(sizes), &Memory::get(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(dtype), order);
}

// The same memory as a tensor of the CPU.
at::Tensor near(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  void* const data = tensor.numel() == 0 ? nullptr : Memory::get().reached(tensor.const_data_ptr());
  return at::from_blob(data, tensor.sizes(), tensor.strides(),
                       at::TensorOptions().dtype(tensor.scalar_type()));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool /*non_blocking*/) {
  near(to).copy_(near(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  // What grows would be copied from where it lies.
  TORCH_CHECK(to.is_cpu() || to.numel() == 0 || to.sizes() == from.sizes(),
              "a tensor of the far device keeps its size");
  at::native::resize_(to, from.sizes());
  near(to).copy_(near(from));
  return to;
}

at::Scalar local_scalar(const at::Tensor& tensor) { return at::_local_scalar_dense(near(tensor)); }

at::Tensor view(const at::Tensor& tensor, c10::SymIntArrayRef sizes) {
  return at::native::view(tensor, C10_AS_INTARRAYREF_SLOW(sizes));
}

at::Tensor reshape_alias(const at::Tensor& tensor, c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides) {
  return at::native::_reshape_alias(tensor, C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides));
}

at::Tensor as_strided(const at::Tensor& tensor, c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides,
                      std::optional<c10::SymInt> offset) {
  const auto from =
      offset ? std::optional<std::int64_t>(offset->guard_int(__FILE__, __LINE__)) : std::nullopt;
  return at::native::as_strided_tensorimpl(tensor, C10_AS_INTARRAYREF_SLOW(sizes),
                                           C10_AS_INTARRAYREF_SLOW(strides), from);
}

// Numbers alone may come from the CPU; the fallback would take all else from there too.
void check_far(const at::Tensor& tensor) {
  TORCH_CHECK(!tensor.defined() || !tensor.is_cpu() || tensor.dim() == 0,
              "an operator on the far device got a tensor of the CPU");
}

at::Tensor convolution(const at::Tensor& images, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, c10::SymIntArrayRef stride,
                       c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation, bool transposed,
                       c10::SymIntArrayRef output_padding, c10::SymInt groups) {
  const bool has_bias = bias && bias->defined();
  check_far(images);
  check_far(weight);
  if (has_bias) check_far(*bias);
  return at::convolution_symint(near(images), near(weight),
                                has_bias ? std::optional(near(*bias)) : std::nullopt, stride, padding,
                                dilation, transposed, output_padding, groups)
      .to(images.device());
}

void check_far(const c10::IValue& value) {
  if (value.isTensor()) check_far(value.toTensor());
  if (value.isList()) {
    for (const c10::IValue& one : value.toListRef()) check_far(one);
  }
}

void on_copies(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  for (const c10::IValue& argument : torch::jit::last(*stack, op.schema().arguments().size()))
    check_far(argument);
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("_local_scalar_dense", &local_scalar);
  library.impl("view", &view);
  library.impl("_reshape_alias", &reshape_alias);
  library.impl("as_strided", &as_strided);
  library.impl("convolution_overrideable", &convolution);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_copies>());
}

struct Guard final : c10::impl::NoOpDeviceGuardImpl<kFar> {
  c10::Device getDevice() const override { return {kFar, 0}; }
  void synchronizeDevice(c10::DeviceIndex /*index*/) const override {}  // what was asked is done already
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  c10::SetAllocator(kFar, &Memory::get());
  return true;
}();

}  // namespace
