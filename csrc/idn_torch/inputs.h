#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "idn/graph/model.h"

namespace idn_torch {

/// Throws std::invalid_argument, naming what the model takes, for another number of inputs.
void check_count(const idn::graph::Model& model, std::size_t count);

/// Checks what a caller hands in against a model, and gives the batch: 1 where no input grows with it.
///
/// Throws std::invalid_argument that names the input and what was expected.
std::int64_t check_inputs(const idn::graph::Model& model, at::Device device,
                          const std::vector<at::Tensor>& inputs);

}  // namespace idn_torch
