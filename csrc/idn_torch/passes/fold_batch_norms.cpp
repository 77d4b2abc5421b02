#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>

#include <map>
#include <optional>
#include <vector>

#include "idn_torch/passes/passes.h"

namespace idn_torch::passes {
namespace {

using idn::graph::ValueId;

// Inputs of a batch normalisation.
constexpr std::size_t kMean = 1;
constexpr std::size_t kVariance = 2;
constexpr std::size_t kWeight = 3;
constexpr std::size_t kBias = 4;

// Inputs of what goes before it.
constexpr std::size_t kWeightBefore = 1;
constexpr std::size_t kBiasBefore = 2;

// y = factor * x + summand for each channel, in double precision: the product with the weights is rounded
// once.
struct Affine {
  at::Tensor factor;
  at::Tensor summand;
};

std::optional<Affine> affine_of(const Program& program, const Instruction& instruction) {
  const auto constant = [&](std::size_t input) {
    const at::Tensor tensor = program.constant(instruction, input);
    return tensor.defined() ? tensor.to(at::kDouble) : tensor;
  };
  const auto left_out = [&](std::size_t input) {
    return input >= instruction.inputs.size() || !instruction.inputs[input];
  };
  const at::Tensor mean = constant(kMean);
  const at::Tensor variance = constant(kVariance);
  const at::Tensor weight = left_out(kWeight) ? at::ones_like(mean) : constant(kWeight);
  const at::Tensor bias = left_out(kBias) ? at::zeros_like(mean) : constant(kBias);
  if (!mean.defined() || !variance.defined() || !weight.defined() || !bias.defined()) return std::nullopt;
  const double epsilon = std::get<double>(instruction.attributes.find("epsilon")->second);
  const at::Tensor factor = weight.div(variance.add(epsilon).sqrt());
  // With a factor that is no number the folded weights would be none either, even where an input is 0.
  if (!factor.isfinite().all().item().toBool()) return std::nullopt;
  return Affine{factor, bias.sub(mean.mul(factor))};
}

// The axis of the weight that is the output's channels: those of a transposed convolution are in groups.
std::optional<at::Tensor> scaled(const Instruction& before, const at::Tensor& weight,
                                 const at::Tensor& factor) {
  const at::Tensor exact = weight.to(at::kDouble);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(weight.dim()), 1);
  if (before.applied->name == "transposed_convolution") {
    if (std::get<std::int64_t>(before.attributes.find("groups")->second) != 1) return std::nullopt;
    sizes[1] = -1;
  } else {
    sizes[0] = -1;
  }
  return exact.mul(factor.view(sizes)).to(weight.scalar_type());
}

bool takes_in(const Program& program, const Instruction& before) {
  const auto name = before.applied->name;
  if (name != "convolution" && name != "transposed_convolution" && name != "linear") return false;
  if (name == "linear" && program.types[before.output].shape.size() != 2) return false;
  const bool has_bias = before.inputs.size() > kBiasBefore && before.inputs[kBiasBefore];
  return program.constant(before, kWeightBefore).defined() &&
         (!has_bias || program.constant(before, kBiasBefore).defined());
}

bool fold(Program& program, Instruction& before, const Instruction& batch_norm) {
  const auto affine = affine_of(program, batch_norm);
  if (!affine) return false;
  const at::Tensor weight = program.constant(before, kWeightBefore);
  const auto new_weight = scaled(before, weight, affine->factor);
  if (!new_weight) return false;
  const at::Tensor bias = program.constant(before, kBiasBefore);
  const at::Tensor exact_bias =
      bias.defined() ? bias.to(at::kDouble).mul(affine->factor) : at::zeros_like(affine->factor);
  before.inputs.resize(kBiasBefore + 1);
  before.inputs[kWeightBefore] = program.add_constant(*new_weight);
  before.inputs[kBiasBefore] = program.add_constant(exact_bias.add(affine->summand).to(weight.scalar_type()));
  before.output = batch_norm.output;
  return true;
}

}  // namespace

void fold_batch_norms(Program& program) {
  const std::vector<std::size_t> counts = uses(program);
  std::map<ValueId, std::size_t> made_by;
  std::vector<bool> folded(program.instructions.size(), false);
  for (std::size_t index = 0; index < program.instructions.size(); ++index) {
    Instruction& instruction = program.instructions[index];
    made_by[instruction.output] = index;
    if (instruction.applied->name != "batch_normalization") continue;
    const auto found = made_by.find(*instruction.inputs[0]);
    if (found == made_by.end() || counts[*instruction.inputs[0]] != 1) continue;
    Instruction& before = program.instructions[found->second];
    if (!takes_in(program, before) || !fold(program, before, instruction)) continue;
    made_by[before.output] = found->second;
    folded[index] = true;
  }
  std::size_t index = 0;
  std::erase_if(program.instructions, [&](const Instruction&) { return folded[index++]; });
}

}  // namespace idn_torch::passes
