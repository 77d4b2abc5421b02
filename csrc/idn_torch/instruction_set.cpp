#include "idn_torch/instruction_set.h"

#include <ATen/Version.h>

#include <string>

namespace idn_torch {

InstructionSet instruction_set() {
  const std::string used = at::get_cpu_capability();
  if (used.starts_with("AVX512")) return InstructionSet::kAvx512;
  return used == "AVX2" ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
}

}  // namespace idn_torch
