#pragma once

namespace idn_torch {

/// Sets of vector instructions, from narrow to wide.
enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

/// The widest that torch uses in its own kernels: what the processor has, or less where the environment
/// variable ATEN_CPU_CAPABILITY says so.
InstructionSet instruction_set();

}  // namespace idn_torch
