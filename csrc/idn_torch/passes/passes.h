#pragma once

#include "idn_torch/passes.h"
#include "idn_torch/program.h"

namespace idn_torch {

/// Runs the passes that are on.
void apply(const Passes& passes, Program& program);

namespace passes {

/// Computes at once what only constants decide.
void fold_constants(Program& program);

/// Multiplies a batch normalisation into the constant weights of the convolution or linear before it.
void fold_batch_norms(Program& program);

/// Lets a convolution add the residual and apply the activation that follow it.
void fuse_convolutions(Program& program);

/// Takes out instructions whose output nothing reads.
void remove_unread(Program& program);

}  // namespace passes
}  // namespace idn_torch
