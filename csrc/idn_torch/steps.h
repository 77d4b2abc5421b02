#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "idn_torch/plan.h"

namespace idn_torch {

/// Runs steps of a plan on the values of a request, by slot, and frees what nothing reads any more.
///
/// Whatever a kernel throws becomes idn::ExecutionError that names its node.
void run_steps(const Plan& plan, const std::vector<Step>& steps, std::vector<at::Tensor>& values,
               std::int64_t batch);

}  // namespace idn_torch
