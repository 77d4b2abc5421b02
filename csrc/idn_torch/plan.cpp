#include "idn_torch/plan.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <map>

#include "idn_torch/guards.h"
#include "idn_torch/passes/passes.h"

namespace idn_torch {
namespace {

using graph_kernels::Inputs;
using idn::graph::ValueId;

constexpr std::size_t kNever = static_cast<std::size_t>(-1);

// Makes the steps of a program, numbering slots and constants as they come.
class Planner {
 public:
  Planner(const Program& program, Plan& plan) : program_(program), plan_(plan) {
    for (ValueId value = 0; value < plan.package.graph().inputs().size(); ++value) slot_of(value);
    shared_.resize(program.types.size(), false);
    for (ValueId value = 0; value < shared_.size(); ++value)
      shared_[value] = plan.package.graph().is_input(value) || program.is_constant(value);
    find_last_uses();
  }

  void plan() {
    plan_.segments.resize(program_.exits.size());
    for (std::size_t index = 0; index < program_.instructions.size(); ++index)
      plan_.segments[program_.instructions[index].segment].steps.push_back(step(index));
    for (std::size_t exit = 0; exit < program_.exits.size(); ++exit) {
      const ValueId value = program_.exits[exit];
      plan_.segments[exit].answer = {place_of(value), last_use_[value] == program_.instructions.size() + exit,
                                     shared_[value]};
    }
    plan_.read_inputs.resize(plan_.package.graph().inputs().size());
    for (ValueId value = 0; value < plan_.read_inputs.size(); ++value)
      plan_.read_inputs[value] = last_use_[value] != kNever;
  }

 private:
  // Exits are asked after all instructions of their segment; one that later instructions read is kept for
  // them.
  void find_last_uses() {
    const auto& instructions = program_.instructions;
    last_use_.resize(program_.types.size(), kNever);
    last_segment_.resize(program_.types.size(), 0);
    for (std::size_t index = 0; index < instructions.size(); ++index) {
      for (const auto& input : instructions[index].inputs) {
        if (!input) continue;
        last_use_[*input] = index;
        last_segment_[*input] = instructions[index].segment;
      }
    }
    for (std::size_t exit = 0; exit < program_.exits.size(); ++exit) {
      const ValueId value = program_.exits[exit];
      if (last_use_[value] == kNever || last_use_[value] >= instructions.size() ||
          last_segment_[value] <= exit)
        last_use_[value] = instructions.size() + exit;
    }
  }

  std::uint32_t slot_of(ValueId value) {
    const auto [found, fresh] = slots_.try_emplace(value, static_cast<std::uint32_t>(plan_.values.size()));
    if (fresh) plan_.values.push_back(value);
    return found->second;
  }

  std::uint32_t place_of(ValueId value) {
    if (!program_.is_constant(value)) return slot_of(value);
    const auto next = Inputs::kConstant + static_cast<std::uint32_t>(plan_.constants.size());
    const auto [found, fresh] = constants_.try_emplace(value, next);
    if (fresh) plan_.constants.push_back(program_.constants[value]);
    return found->second;
  }

  Step step(std::size_t index) {
    const Instruction& instruction = program_.instructions[index];
    const graph_kernels::GraphKernel& found = graph_kernels::find_kernel(*instruction.applied);
    Step step;
    step.kernel = found.make(graph_kernels::Site(program_, instruction));
    step.node = instruction.node;
    for (const auto& input : instruction.inputs) {
      step.inputs.push_back(input ? place_of(*input) : Inputs::kLeftOut);
      if (!input || program_.is_constant(*input) || last_use_[*input] != index) continue;
      if (std::ranges::find(step.freed, slot_of(*input)) == step.freed.end())
        step.freed.push_back(slot_of(*input));
    }
    const ValueId output = instruction.output;
    step.output = slot_of(output);
    step.elements = idn::graph::elements(program_.types[output].shape).value();
    shared_[output] = found.gives_view && std::ranges::any_of(instruction.inputs, [&](const auto& input) {
                        return input && shared_[*input];
                      });
    return step;
  }

  const Program& program_;
  Plan& plan_;
  std::map<ValueId, std::uint32_t> slots_;
  std::map<ValueId, std::uint32_t> constants_;
  std::vector<std::size_t> last_use_;
  std::vector<std::size_t> last_segment_;
  std::vector<bool> shared_;
};

// Whether samples can be left out before anything is computed.
bool keeps_all_samples(const idn::graph::Graph& graph,
                       const std::vector<std::optional<idn::graph::SampleAxis>>& axes) {
  const std::vector<bool> independent = idn::graph::independent(graph);
  for (ValueId value = 0; value < graph.values(); ++value) {
    if (!axes[value] && !independent[value]) return false;
  }
  return true;
}

}  // namespace

Plan::Plan(idn::graph::Package of, const ExecutorOptions& how) : package(std::move(of)), options(how) {
  const Guards guards(options.device);
  Program program = program_of(package, options.device);
  apply(options.passes, program);
  Planner(program, *this).plan();
  // What the passes computed may not be done yet, and requests come from other threads and streams.
  if (!options.device.is_cpu())
    c10::impl::VirtualGuardImpl(options.device.type()).synchronizeDevice(options.device.index());
  sample_axes = idn::graph::sample_axes(package.graph());
  keeps = idn::graph::keeps_samples(package.graph());
  keeps.insert(keeps.begin(), keeps_all_samples(package.graph(), sample_axes));
}

}  // namespace idn_torch
