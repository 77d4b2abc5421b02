#pragma once

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/Device.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace idn_torch {

/// Sets torch's threads to one for what this thread runs, and back at the end; other threads see nothing.
class OneThread {
 public:
  OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread();

 private:
  int threads_ = 0;
  int mkl_threads_ = 0;
};

/// While it stands, this thread runs kernels and nothing around them: no autograd, no autocast, one thread.
class Guards {
 public:
  explicit Guards(at::Device device) : no_autocast_(c10::autocast_dispatch_keyset) {
    if (!device.is_cpu()) device_.reset_device(device);
  }

 private:
  at::AutoDispatchBelowADInplaceOrView no_autograd_;
  at::AutoGradMode no_gradients_{false};
  c10::impl::ExcludeDispatchKeyGuard no_autocast_;
  OneThread one_thread_;
  c10::OptionalDeviceGuard device_;
};

}  // namespace idn_torch
