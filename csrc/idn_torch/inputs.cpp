#include "idn_torch/inputs.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/max.h>

#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "idn/core/counted.h"
#include "idn_torch/kernels/extremes.h"
#include "idn_torch/program.h"

namespace idn_torch {
namespace {

using idn::graph::Dimension;
using idn::graph::GraphInput;
using idn::graph::Range;

[[noreturn]] void refuse(const GraphInput& input, const std::string& has, const std::string& expected) {
  throw std::invalid_argument("input '" + input.name + "' " + has + ", expected " + expected + ".");
}

std::string shape_of(const at::Tensor& tensor) {
  std::string text = "(";
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis)
    text.append(axis == 0 ? "" : ", ").append(std::to_string(tensor.size(axis)));
  return text + ")";
}

void check_kind(const GraphInput& input, const at::Tensor& tensor, at::Device device) {
  if (!tensor.defined()) refuse(input, "is no tensor", input.type.text());
  const bool plain = tensor.layout() == at::kStrided && tensor.has_storage() && !tensor.is_quantized() &&
                     !tensor.is_nested() && !tensor.is_neg() && !tensor._is_zerotensor() &&
                     !tensor.key_set().has(c10::DispatchKey::Python);
  if (!plain) refuse(input, "is no plain dense tensor", input.type.text());
  if (dtype_of(tensor.scalar_type()) != input.type.dtype) {
    std::ostringstream has;
    has << "is of " << tensor.scalar_type();
    // Numbers that are no floats, such as an image's bytes, were hardly meant as they are.
    const bool rounds =
        at::isFloatingType(tensor.scalar_type()) && idn::graph::kFloats.contains(input.type.dtype);
    refuse(input, has.str(), input.type.text() + (rounds ? "; to(...) converts it" : ""));
  }
  const bool same_device =
      tensor.device().type() == device.type() && (!device.has_index() || tensor.device() == device);
  if (device.is_cpu() ? !tensor.is_cpu() : !same_device)
    refuse(input, "is on " + tensor.device().str(), device.str());
}

// Whether it is one sample of the input, whose first axis counts the samples.
bool is_one_sample(const at::Tensor& tensor, const idn::graph::Shape& shape) {
  if (tensor.dim() + 1 != static_cast<std::int64_t>(shape.size())) return false;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) {
    if (!shape[axis].is_fixed() || shape[axis].fixed != tensor.size(static_cast<std::int64_t>(axis) - 1))
      return false;
  }
  return shape[0].per_batch == 1 && shape[0].fixed == 0;
}

// Every size that grows says what the batch is; all have to say the same.
void check_shape(const GraphInput& input, const at::Tensor& tensor, std::optional<std::int64_t>& batch) {
  const idn::graph::Shape& shape = input.type.shape;
  const std::string has = "has the shape " + shape_of(tensor);
  if (tensor.dim() != static_cast<std::int64_t>(shape.size())) {
    refuse(input, "has " + std::to_string(tensor.dim()) + " dimensions, " + shape_of(tensor),
           std::to_string(shape.size()) + " of " + input.type.text() +
               (is_one_sample(tensor, shape) ? "; unsqueeze(0) makes a batch of it" : ""));
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t size = tensor.size(static_cast<std::int64_t>(axis));
    const Dimension& expected = shape[axis];
    const std::int64_t grown = size - expected.fixed;
    if (expected.is_fixed() ? grown != 0 : grown < 0 || grown % expected.per_batch != 0)
      refuse(input, has, input.type.text() + " with a batch B of 0 or more");
    if (expected.is_fixed()) continue;
    const std::int64_t its = grown / expected.per_batch;
    if (its > Dimension::kMax) refuse(input, has, "a batch below 2147483649");
    if (batch && *batch != its) {
      refuse(
          input, has,
          input.type.text() + " with the batch B = " + std::to_string(*batch) + " that sizes before it have");
    }
    batch = its;
  }
}

kernels::Extremes extremes_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_non_overlapping_and_dense())
    return kernels::extremes(tensor.const_data_ptr<float>(), tensor.numel());
  const auto [least, most] = at::aminmax(tensor);  // NaN where there is one
  kernels::Extremes found{least.item().toDouble(), most.item().toDouble(), false};
  found.has_nan = std::isnan(found.least) || std::isnan(found.most);
  return found;
}

std::string shown(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

// A byte that is neither 0 nor 1 is no bool to a compiler, which may do with it what it likes.
void check_bools(const GraphInput& input, const at::Tensor& tensor) {
  const auto most = at::max(tensor.view(at::kByte)).item<std::uint8_t>();
  if (most <= 1) return;
  refuse(input, "holds a bool that is the byte " + std::to_string(int{most}),
         "0 or 1; the comparison bytes != 0 gives such");
}

void check_values(const GraphInput& input, const std::optional<Range>& range, const at::Tensor& tensor) {
  const bool can_be_nan = idn::graph::kFloats.contains(input.type.dtype);
  if (tensor.numel() == 0) return;
  if (tensor.scalar_type() == at::kBool) check_bools(input, tensor);
  if (!range && !can_be_nan) return;
  const kernels::Extremes found = extremes_of(tensor);
  if (found.has_nan) refuse(input, "holds NaN", "numbers");
  if (!range || (found.least >= range->least && found.most <= range->most)) return;
  refuse(input, "holds " + shown(found.least < range->least ? found.least : found.most),
         "values from " + shown(range->least) + " to " + shown(range->most) + " as the model was made for");
}

}  // namespace

void check_count(const idn::graph::Model& model, std::size_t count) {
  const auto& expected = model.graph.inputs();
  if (count == expected.size()) return;
  std::string names;
  for (const GraphInput& input : expected)
    names.append(names.empty() ? "'" : ", '").append(input.name).append("'");
  throw std::invalid_argument("the graph takes " + idn::counted(expected.size(), "input") + ", " + names +
                              ", not " + std::to_string(count) + ".");
}

std::int64_t check_inputs(const idn::graph::Model& model, at::Device device,
                          const std::vector<at::Tensor>& inputs) {
  const auto& expected = model.graph.inputs();
  check_count(model, inputs.size());
  std::optional<std::int64_t> batch;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    check_kind(expected[index], inputs[index], device);
    check_shape(expected[index], inputs[index], batch);
  }
  for (std::size_t index = 0; index < inputs.size(); ++index)
    check_values(expected[index], model.ranges[index], inputs[index]);
  return batch.value_or(1);
}

}  // namespace idn_torch
