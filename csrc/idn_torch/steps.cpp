#include "idn_torch/steps.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>

#include "idn/core/error.h"

namespace idn_torch {
namespace {

using graph_kernels::Inputs;

[[noreturn]] void fail(const Plan& plan, const Step& step, const std::string& reason) {
  const idn::graph::Node& node = plan.package.graph().nodes()[step.node];
  throw idn::ExecutionError("node " + std::to_string(step.node) + " (" + std::string(node.applied->name) +
                            "): " + reason);
}

// Operators compute nothing but their output, so what has no elements need not run.
at::Tensor run_step(const Plan& plan, const Step& step, const std::vector<at::Tensor>& values,
                    std::int64_t batch) {
  if (step.elements.at(batch) != 0) return step.kernel(Inputs(step.inputs, values, plan.constants, batch));
  const idn::graph::TensorType& type = plan.type(step);
  return at::empty(sizes_at(type.shape, batch),
                   at::TensorOptions().dtype(scalar_type(type.dtype)).device(plan.options.device));
}

}  // namespace

void run_steps(const Plan& plan, const std::vector<Step>& steps, std::vector<at::Tensor>& values,
               std::int64_t batch) {
  const Step* now = nullptr;
  try {
    for (const Step& step : steps) {
      now = &step;
      values[step.output] = run_step(plan, step, values, batch);
      for (const std::uint32_t slot : step.freed) values[slot].reset();
    }
  } catch (const idn::Error& error) {
    fail(plan, *now, error.what());
  } catch (const c10::Error& error) {
    fail(plan, *now, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    fail(plan, *now, "there is not enough memory");
  } catch (const std::exception& error) {  // of a library below torch, as dnnl::error
    fail(plan, *now, error.what());
  }
}

}  // namespace idn_torch
