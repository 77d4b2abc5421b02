#include <algorithm>
#include <exception>

#include "idn_torch/graph_kernels/graph_kernel.h"
#include "idn_torch/passes/passes.h"

namespace idn_torch::passes {
namespace {

// A few numbers can be expanded to many: what takes more room than this in all is left to be computed when it
// is asked for, so that a small package can't be large in memory for as long as it is loaded.
constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;

bool is_decided(const Program& program, const Instruction& instruction) {
  const bool fixed =
      std::ranges::all_of(program.types[instruction.output].shape, &idn::graph::Dimension::is_fixed);
  return fixed && std::ranges::all_of(instruction.inputs, [&](const auto& input) {
           return !input || program.is_constant(*input);
         });
}

std::int64_t bytes_of(const idn::graph::TensorType& type) {
  return idn::graph::elements(type.shape).value().fixed *
         static_cast<std::int64_t>(idn::graph::size_of(type.dtype));
}

at::Tensor computed(const Program& program, const Instruction& instruction) {
  const auto kernel =
      graph_kernels::find_kernel(*instruction.applied).make(graph_kernels::Site(program, instruction));
  std::vector<std::uint32_t> places;
  for (const auto& input : instruction.inputs)
    places.push_back(input ? *input : graph_kernels::Inputs::kLeftOut);
  return kernel(graph_kernels::Inputs(places, program.constants, program.constants, 0)).contiguous();
}

}  // namespace

void fold_constants(Program& program) {
  std::int64_t room = kMostBytes;
  std::erase_if(program.instructions, [&](const Instruction& instruction) {
    const std::int64_t bytes = bytes_of(program.types[instruction.output]);
    if (!is_decided(program, instruction) || bytes == 0 || bytes > room) return false;
    try {
      program.constants[instruction.output] = computed(program, instruction);
    } catch (const std::exception&) {
      return false;  // an index out of range: told to whom asks for the exit that needs it
    }
    room -= bytes;
    return true;
  });
}

}  // namespace idn_torch::passes
