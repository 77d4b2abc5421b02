#include "programs/idn_run/device.h"

#include <dlfcn.h>

#include <charconv>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "idn/core/error.h"
#include "idn/core/printable.h"

namespace idn_run {
namespace {

// Torch's CUDA part registers itself when it is loaded; it finds the driver and its own libraries then.
void load_cuda() {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return;
  const char* const why = dlerror();  // NOLINT(concurrency-mt-unsafe): there is one thread so far
  throw idn::Error("torch can't compute on CUDA here: " + idn::printable(why == nullptr ? "" : why) + ".");
}

}  // namespace

c10::Device device_of(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  constexpr std::string_view kCuda = "cuda";
  std::string_view rest = name;
  std::int16_t index = -1;  // the current one
  bool known = rest.starts_with(kCuda);
  if (known && rest != kCuda) {
    rest.remove_prefix(kCuda.size());
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
    known = rest.front() == ':' && error == std::errc() && end == rest.data() + rest.size() && index >= 0 &&
            index <= std::numeric_limits<c10::DeviceIndex>::max();
  }
  if (!known)
    throw std::invalid_argument("--device is " + idn::in_quotes(name) + ", expected cpu, cuda or cuda:N.");
  load_cuda();
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace idn_run
