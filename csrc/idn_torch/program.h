#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "idn/graph/graph.h"
#include "idn_torch/passes.h"

namespace idn::graph {
class Package;
}

namespace idn_torch {

/// What a convolution does to its sums before it writes them.
enum class Activation : std::uint8_t { kNone, kRelu };

/// A node on its way to a kernel; passes may have changed it.
///
/// A convolution or linear may have a fourth input, the residual, that is added before the activation.
struct Instruction {
  std::size_t node = 0;  ///< of the graph, for messages
  std::size_t segment = 0;
  const idn::graph::Operator* applied = nullptr;
  std::vector<std::optional<idn::graph::ValueId>> inputs;
  idn::graph::Attributes attributes;
  idn::graph::ValueId output = 0;
  Activation activation = Activation::kNone;
};

/// A graph as passes see it: instructions in order, and tensors for what is constant. Values keep the numbers
/// they have in the graph; what passes add comes after those.
struct Program {
  std::vector<idn::graph::TensorType> types;  ///< of values
  std::vector<at::Tensor> constants;          ///< by value; empty where it is none
  std::vector<Instruction> instructions;
  std::vector<idn::graph::ValueId> exits;
  bool prepack = false;  ///< whether kernels lay out constant weights as they want them

  [[nodiscard]] bool is_constant(idn::graph::ValueId value) const { return constants[value].defined(); }

  /// The constant at an input of an instruction; an empty tensor where it is left out or no constant.
  [[nodiscard]] at::Tensor constant(const Instruction& instruction, std::size_t input) const;

  /// A new value that is constant.
  idn::graph::ValueId add_constant(const at::Tensor& tensor);
};

/// The graph of a package, with its tensors on a device: on the CPU the package's own memory, which they
/// keep.
Program program_of(const idn::graph::Package& package, at::Device device);

/// How often each value is read, by instructions and exits.
std::vector<std::size_t> uses(const Program& program);

/// The type as torch names it, and as a package does.
at::ScalarType scalar_type(idn::graph::DType dtype);
std::optional<idn::graph::DType> dtype_of(at::ScalarType type);

/// The sizes of a shape at a batch.
std::vector<std::int64_t> sizes_at(const idn::graph::Shape& shape, std::int64_t batch);

}  // namespace idn_torch
