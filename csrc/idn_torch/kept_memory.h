#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

namespace idn_torch {

/// An empty tensor of float32 on the CPU, for what a kernel gives.
///
/// A large one's memory is kept by the thread that lets it go, for its next one of about that size: the C
/// library would give it back to the system after each request, which would fill it with zeros again for the
/// next. A thread keeps 128 MiB at most.
at::Tensor empty_in_kept_memory(at::IntArrayRef sizes, at::MemoryFormat format);

}  // namespace idn_torch
