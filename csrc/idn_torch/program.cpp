#include "idn_torch/program.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>

#include "idn/graph/package.h"
#include "idn/graph/segments.h"

namespace idn_torch {
namespace {

using idn::graph::DType;
using idn::graph::ValueId;

constexpr std::array kScalarTypes{at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
                                  at::kInt,   at::kByte, at::kBool};

// A view of the package's memory that keeps the package. Nothing writes to it: it may be a mapped file.
at::Tensor tensor_of(const idn::graph::Package& package, const idn::graph::Constant& constant) {
  const idn::ByteView bytes = package.tensor(constant);
  auto* data = const_cast<std::uint8_t*>(bytes.data());  // NOLINT: at::Tensor knows no const
  return at::from_blob(
      data, sizes_at(constant.type.shape, 0), [package](void* /*data*/) {},
      at::TensorOptions().dtype(scalar_type(constant.type.dtype)));
}

}  // namespace

at::ScalarType scalar_type(DType dtype) { return kScalarTypes.at(static_cast<std::size_t>(dtype)); }

std::optional<DType> dtype_of(at::ScalarType type) {
  const auto* const found = std::ranges::find(kScalarTypes, type);
  if (found == kScalarTypes.end()) return std::nullopt;
  return static_cast<DType>(found - kScalarTypes.begin());
}

std::vector<std::int64_t> sizes_at(const idn::graph::Shape& shape, std::int64_t batch) {
  std::vector<std::int64_t> sizes;
  sizes.reserve(shape.size());
  for (const auto& size : shape) sizes.push_back(size.at(batch));
  return sizes;
}

at::Tensor Program::constant(const Instruction& instruction, std::size_t input) const {
  if (input >= instruction.inputs.size() || !instruction.inputs[input]) return {};
  return constants[*instruction.inputs[input]];
}

ValueId Program::add_constant(const at::Tensor& tensor) {
  idn::graph::Shape shape(tensor.sizes().begin(), tensor.sizes().end());
  types.push_back({dtype_of(tensor.scalar_type()).value(), std::move(shape)});
  constants.push_back(tensor);
  return static_cast<ValueId>(types.size() - 1);
}

Program program_of(const idn::graph::Package& package, at::Device device) {
  const idn::graph::Graph& graph = package.graph();
  Program program;
  program.constants.resize(graph.values());
  for (ValueId value = 0; value < graph.values(); ++value) {
    program.types.push_back(graph.type(value));
    if (graph.is_constant(value))
      program.constants[value] = tensor_of(package, graph.constant(value)).to(device);
  }
  std::vector<std::size_t> segment_of(graph.nodes().size(), 0);
  const auto segments = idn::graph::segments(graph);
  for (std::size_t segment = 0; segment < segments.size(); ++segment) {
    for (const std::size_t node : segments[segment].nodes) segment_of[node] = segment;
  }
  for (std::size_t index = 0; index < graph.nodes().size(); ++index) {
    const idn::graph::Node& node = graph.nodes()[index];
    program.instructions.push_back({.node = index,
                                    .segment = segment_of[index],
                                    .applied = node.applied,
                                    .inputs = node.inputs,
                                    .attributes = node.attributes,
                                    .output = node.first_output});
  }
  // Segment by segment, each in the order of the graph.
  std::ranges::stable_sort(program.instructions, {}, &Instruction::segment);
  for (const idn::graph::Exit& exit : graph.exits()) program.exits.push_back(exit.value);
  return program;
}

std::vector<std::size_t> uses(const Program& program) {
  std::vector<std::size_t> counts(program.types.size(), 0);
  for (const Instruction& instruction : program.instructions) {
    for (const auto& input : instruction.inputs) {
      if (input) ++counts[*input];
    }
  }
  for (const ValueId exit : program.exits) ++counts[exit];
  return counts;
}

}  // namespace idn_torch
