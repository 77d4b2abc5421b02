#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "idn/graph/graph.h"
#include "idn_torch/program.h"

namespace idn_torch::graph_kernels {

/// The tensors that one call of a kernel reads.
class Inputs {
 public:
  static constexpr std::uint32_t kLeftOut = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kConstant = std::uint32_t{1} << 31;

  /// `places` says of each input where it is: a slot of `values`, kConstant + an index of `constants`, or
  /// kLeftOut.
  Inputs(const std::vector<std::uint32_t>& places, const std::vector<at::Tensor>& values,
         const std::vector<at::Tensor>& constants, std::int64_t batch)
      : places_(places), values_(values), constants_(constants), batch_(batch) {}

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] std::int64_t batch() const { return batch_; }

  /// The input; an empty tensor where it is left out.
  const at::Tensor& operator[](std::size_t input) const {
    static const at::Tensor kNone;
    const std::uint32_t place = input < places_.size() ? places_[input] : kLeftOut;
    if (place == kLeftOut) return kNone;
    return place >= kConstant ? constants_[place - kConstant] : values_[place];
  }

 private:
  const std::vector<std::uint32_t>& places_;
  const std::vector<at::Tensor>& values_;
  const std::vector<at::Tensor>& constants_;
  std::int64_t batch_;
};

/// What runs: a node's operator with all that is known of the node when it is loaded.
///
/// Its output has elements at the batch it is called for; it writes to none of its inputs.
using Kernel = std::function<at::Tensor(const Inputs& inputs)>;

/// What is known of a node when it is loaded.
class Site {
 public:
  Site(const Program& program, const Instruction& instruction)
      : program_(&program), instruction_(&instruction) {}

  [[nodiscard]] std::size_t size() const { return instruction_->inputs.size(); }
  [[nodiscard]] bool has(std::size_t input) const {
    return input < size() && instruction_->inputs[input].has_value();
  }
  [[nodiscard]] const idn::graph::TensorType& type(std::size_t input) const {
    return program_->types[*instruction_->inputs[input]];
  }
  [[nodiscard]] const idn::graph::Shape& shape(std::size_t input) const { return type(input).shape; }
  [[nodiscard]] const idn::graph::TensorType& output() const { return program_->types[instruction_->output]; }

  /// The input where it is constant, else an empty tensor.
  [[nodiscard]] at::Tensor constant(std::size_t input) const {
    return program_->constant(*instruction_, input);
  }

  [[nodiscard]] Activation activation() const { return instruction_->activation; }
  [[nodiscard]] bool prepack() const { return program_->prepack; }

  [[nodiscard]] bool flag(std::string_view name) const { return get<bool>(name); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return get<std::int64_t>(name); }
  [[nodiscard]] double number(std::string_view name) const { return get<double>(name); }
  [[nodiscard]] const std::string& word(std::string_view name) const { return get<std::string>(name); }
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view name) const {
    return get<std::vector<std::int64_t>>(name);
  }
  [[nodiscard]] const idn::graph::Shape& dimensions(std::string_view name) const {
    return get<idn::graph::Shape>(name);
  }

  /// A number as the type of the first input has it, so that torch takes it: what is too large is infinite,
  /// or the greatest integer.
  [[nodiscard]] at::Scalar scalar(std::string_view name) const;

 private:
  template <class T>
  [[nodiscard]] const T& get(std::string_view name) const {
    return std::get<T>(instruction_->attributes.find(name)->second);
  }

  const Program* program_;
  const Instruction* instruction_;
};

/// A kernel that is one function of PyTorch's, of one input or of two.
template <at::Tensor (*Function)(const at::Tensor&)>
Kernel each(const Site& /*site*/) {
  return [](const Inputs& inputs) { return Function(inputs[0]); };
}

template <at::Tensor (*Function)(const at::Tensor&, const at::Tensor&)>
Kernel pairwise(const Site& /*site*/) {
  return [](const Inputs& inputs) { return Function(inputs[0], inputs[1]); };
}

/// A tensor as PyTorch takes what may be left out.
inline std::optional<at::Tensor> given(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

/// An operator's way to a kernel.
struct GraphKernel {
  std::string_view name;
  int version = 1;
  Kernel (*make)(const Site& site) = nullptr;
  bool gives_view = false;  ///< whether what it gives may be memory of its input
};

/// The kernel of an operator; every operator of the table has one.
const GraphKernel& find_kernel(const idn::graph::Operator& applied);

using Family = std::vector<GraphKernel>;

Family activations();
Family arithmetic();
Family attentions();
Family comparisons();
Family convolutions();
Family indexing();
Family interpolations();
Family joining();
Family linear();
Family normalizations();
Family pooling();
Family reductions();
Family reshaping();

}  // namespace idn_torch::graph_kernels
