#include "idn_torch/executor.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "idn_torch/guards.h"
#include "idn_torch/inputs.h"
#include "idn_torch/plan.h"

namespace idn_torch {
namespace {

// Where tensors lie on an accelerator is always said in full, so that devices can be compared.
ExecutorOptions checked(ExecutorOptions options) {
  at::Device& device = options.device;
  if (device.is_cpu()) return options;
  int count = 0;
  if (at::accelerator::isAccelerator(device.type()) && c10::impl::hasDeviceGuardImpl(device.type())) {
    const c10::impl::VirtualGuardImpl there(device.type());
    count = there.deviceCount();
    if (count > 0 && !device.has_index()) device = there.getDevice();
    if (device.has_index() && device.index() < count) return options;
  }
  const std::string type = at::DeviceTypeName(device.type(), true);
  throw std::invalid_argument("device is " + device.str() + ", expected cpu" +
                              (count > 0
                                   ? " or " + type + ":0 to " + type + ":" + std::to_string(count - 1) + "."
                                   : "; torch sees no " + type + " device here."));
}

}  // namespace

Executor::Executor(idn::graph::Package package, const ExecutorOptions& options)
    : plan_(std::make_shared<const Plan>(std::move(package), checked(options))) {}

const idn::graph::Package& Executor::package() const { return plan_->package; }

const ExecutorOptions& Executor::options() const { return plan_->options; }

std::size_t Executor::steps() const {
  std::size_t sum = 0;
  for (const SegmentPlan& segment : plan_->segments) sum += segment.steps.size();
  return sum;
}

Execution Executor::start(const std::vector<at::Tensor>& inputs) const {
  const Guards guards(plan_->options.device);
  const std::int64_t batch = check_inputs(plan_->package.model(), plan_->options.device, inputs);
  return {plan_, inputs, batch};
}

std::vector<at::Tensor> Executor::run(const std::vector<at::Tensor>& inputs) const {
  Execution execution = start(inputs);
  std::vector<at::Tensor> logits;
  for (std::size_t exit = 0; exit < plan_->segments.size(); ++exit) logits.push_back(execution.next());
  return logits;
}

}  // namespace idn_torch
