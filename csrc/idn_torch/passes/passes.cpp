#include "idn_torch/passes/passes.h"

#include <algorithm>

namespace idn_torch {

void apply(const Passes& passes, Program& program) {
  if (passes.fold_constants) passes::fold_constants(program);
  if (passes.fold_batch_norms) passes::fold_batch_norms(program);
  if (passes.fuse_convolutions) passes::fuse_convolutions(program);
  program.prepack = passes.prepack;
}

namespace passes {

void remove_unread(Program& program) {
  std::vector<std::size_t> counts = uses(program);
  auto& instructions = program.instructions;
  for (std::size_t index = instructions.size(); index-- > 0;) {
    if (counts[instructions[index].output] != 0) continue;
    for (const auto& input : instructions[index].inputs) {
      if (input) --counts[*input];
    }
  }
  std::erase_if(instructions, [&](const Instruction& one) { return counts[one.output] == 0; });
}

}  // namespace passes
}  // namespace idn_torch
