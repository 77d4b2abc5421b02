#pragma once

namespace idn_torch {

/// What is made of a graph when it is loaded, beside what it says: each can be left out, and none changes an
/// answer by more than rounding.
struct Passes {
  bool fold_constants = true;     ///< what only constants decide is computed once
  bool fold_batch_norms = true;   ///< batch normalisation goes into the weights of what is before it
  bool fuse_convolutions = true;  ///< bias, residual and activation are applied by the convolution itself
  bool prepack = true;            ///< weights are laid out as the kernels want them

  /// The graph as it is written, operator by operator.
  static Passes none() { return {false, false, false, false}; }

  bool operator==(const Passes&) const = default;
};

}  // namespace idn_torch
