#include <algorithm>
#include <map>
#include <vector>

#include "idn_torch/passes/passes.h"

namespace idn_torch::passes {
namespace {

using idn::graph::ValueId;

constexpr std::size_t kResidual = 3;

// Whether the kernel can put an activation after its greatest values.
bool is_flat_pooling(const Instruction& instruction) {
  return instruction.applied->name == "max_pool" &&
         std::get<std::vector<std::int64_t>>(instruction.attributes.find("kernel")->second).size() == 2;
}

// Puts what follows a convolution into it: first a residual, then an activation; an activation goes into a
// pooling too.
class Fusion {
 public:
  explicit Fusion(Program& program)
      : program_(program), counts_(uses(program)), gone_(program.instructions.size(), false) {}

  void run() {
    for (std::size_t index = 0; index < program_.instructions.size(); ++index) {
      const Instruction& instruction = program_.instructions[index];
      if (instruction.applied->name == "add") take_in_residual(index);
      if (instruction.applied->name == "relu") take_in_relu(index);
      if (!gone_[index]) made_by_[instruction.output] = index;
    }
    std::size_t index = 0;
    std::erase_if(program_.instructions, [&](const Instruction&) { return gone_[index++]; });
  }

 private:
  // The convolution or pooling that gives a value and whose output nothing else reads, in this segment; else
  // none.
  Instruction* convolution_of(ValueId value, std::size_t segment) {
    const auto found = made_by_.find(value);
    if (found == made_by_.end() || counts_[value] != 1) return nullptr;
    Instruction& before = program_.instructions[found->second];
    const auto name = before.applied->name;
    const bool takes = name == "convolution" || name == "linear" || is_flat_pooling(before);
    return takes && before.segment == segment ? &before : nullptr;
  }

  // The convolution moves to where the sum was, since the residual may be made between.
  void take_in_residual(std::size_t index) {
    Instruction& sum = program_.instructions[index];
    const auto& type = program_.types[sum.output];
    for (const std::size_t side : {0, 1}) {
      const ValueId value = *sum.inputs[side];
      const ValueId other = *sum.inputs[1 - side];
      Instruction* before = convolution_of(value, sum.segment);
      if (before == nullptr || before->applied->name != "convolution" ||
          before->activation != Activation::kNone || before->inputs.size() > kResidual || value == other ||
          program_.types[value] != type || program_.types[other] != type) {
        continue;
      }
      Instruction fused = *before;
      fused.inputs.resize(kResidual + 1);
      fused.inputs[kResidual] = other;
      fused.output = sum.output;
      gone_[made_by_[value]] = true;
      sum = std::move(fused);
      return;
    }
  }

  void take_in_relu(std::size_t index) {
    const Instruction& relu = program_.instructions[index];
    const ValueId value = *relu.inputs[0];
    Instruction* before = convolution_of(value, relu.segment);
    if (before == nullptr || before->activation != Activation::kNone) return;
    before->activation = Activation::kRelu;
    before->output = relu.output;
    made_by_[relu.output] = made_by_[value];
    gone_[index] = true;
  }

  Program& program_;
  std::vector<std::size_t> counts_;
  std::vector<bool> gone_;
  std::map<ValueId, std::size_t> made_by_;
};

}  // namespace

void fuse_convolutions(Program& program) { Fusion(program).run(); }

}  // namespace idn_torch::passes
