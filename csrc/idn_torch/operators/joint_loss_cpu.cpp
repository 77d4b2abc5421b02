// The fused kernel: one pass over each exit's logits forward and one backward, with a block of rows at a time
// in a buffer that fits the first-level cache, so no temporary grows with the batch or the number of exits.

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "idn_torch/kernels/exp.h"
#include "idn_torch/operators/joint_loss.h"

namespace idn_torch {
namespace {

constexpr std::int64_t kGroup = 32;     // classes summed at a time
constexpr std::int64_t kBlock = 2048;   // values in the buffer: 8 KiB in single precision
constexpr std::int64_t kGrain = 32768;  // values a thread is woken for

// Calls body(first_row, rows, buffer) for blocks of whole rows; a row wider than the block gets a buffer of
// its own. Where a block begins does not depend on the threads: a vectorised loop may round its last few
// values in another way than the rest, so other blocks would be other results.
template <typename Real, typename Body>
void for_blocks(std::int64_t rows, std::int64_t classes, const Body& body) {
  const std::int64_t rows_at_once = std::max<std::int64_t>(1, kBlock / classes);
  const std::int64_t blocks = (rows + rows_at_once - 1) / rows_at_once;
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / (rows_at_once * classes));
  at::parallel_for(0, blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    std::array<Real, kBlock> small;
    std::vector<Real> large(classes > kBlock ? static_cast<std::size_t>(classes) : 0);
    Real* buffer = large.empty() ? small.data() : large.data();
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t row = block * rows_at_once;
      body(row, std::min(rows_at_once, rows - row), buffer);
    }
  });
}

// The block is held class by class, so that maximum, exponential and sum run along many rows at once; along a
// row they would be chains of ten dependent steps.
template <typename Scalar, typename Real>
void row_statistics_of(const Scalar* __restrict__ logits, std::int64_t rows, std::int64_t classes,
                       Real* __restrict__ maximum, Real* __restrict__ log_sum) {
  for_blocks<Real>(rows, classes, [=](std::int64_t first, std::int64_t count, Real* __restrict__ buffer) {
    const Scalar* __restrict__ z = logits + first * classes;
    Real* __restrict__ best = maximum + first;
    for (std::int64_t r = 0; r < count; ++r) best[r] = static_cast<Real>(z[r * classes]);
    for (std::int64_t c = 0; c < classes; ++c) {
      Real* __restrict__ column = buffer + c * count;
      for (std::int64_t r = 0; r < count; ++r) column[r] = static_cast<Real>(z[r * classes + c]);
      for (std::int64_t r = 0; r < count; ++r) best[r] = best[r] < column[r] ? column[r] : best[r];
    }
    for (std::int64_t c = 0; c < classes; ++c) {
      Real* __restrict__ column = buffer + c * count;
      for (std::int64_t r = 0; r < count; ++r) column[r] -= best[r];
    }
    kernels::exp_nonpositive(buffer, count * classes);
    // In groups, whose first columns take their sums, so that thousands of classes do not add up thousands of
    // rounding errors; then the first column of all takes the sum of the groups.
    for (std::int64_t group = 0; group < classes; group += kGroup) {
      Real* __restrict__ sums = buffer + group * count;
      const std::int64_t columns = std::min(kGroup, classes - group);
      for (std::int64_t c = 1; c < columns; ++c) {
        const Real* __restrict__ column = sums + c * count;
        for (std::int64_t r = 0; r < count; ++r) sums[r] += column[r];
      }
      if (group > 0) {
        for (std::int64_t r = 0; r < count; ++r) buffer[r] += sums[r];
      }
    }
    for (std::int64_t r = 0; r < count; ++r) log_sum[first + r] = std::log(buffer[r]);
  });
}

template <typename Scalar, typename Real>
void gradient_rows(const Scalar* __restrict__ logits, const std::int64_t* target, const Real* maximum,
                   const Real* log_sum, Real factor, std::int64_t ignore_index, std::int64_t rows,
                   std::int64_t classes, Scalar* __restrict__ out) {
  for_blocks<Real>(rows, classes, [=](std::int64_t first, std::int64_t count, Real* __restrict__ buffer) {
    const Scalar* __restrict__ z = logits + first * classes;
    Scalar* __restrict__ g = out + first * classes;
    for (std::int64_t r = 0; r < count; ++r) {
      const Real best = maximum[first + r];
      const Real row_log_sum = log_sum[first + r];
      for (std::int64_t c = 0; c < classes; ++c) {
        // Rounding can leave the difference a hair above zero, where the exponential is not meant to go.
        buffer[r * classes + c] =
            std::min((static_cast<Real>(z[r * classes + c]) - best) - row_log_sum, Real(0));
      }
    }
    kernels::exp_nonpositive(buffer, count * classes);
    for (std::int64_t i = 0; i < count * classes; ++i) g[i] = static_cast<Scalar>(factor * buffer[i]);
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t t = target[first + r];
      if (t == ignore_index) {
        std::fill_n(g + r * classes, classes, Scalar(0));
      } else {
        g[r * classes + t] = static_cast<Scalar>(factor * (buffer[r * classes + t] - Real(1)));
      }
    }
  });
}

// Sums in the order of the samples, so the loss does not depend on the number of threads.
template <typename Scalar, typename Real>
std::pair<double, std::int64_t> sum_losses(const Scalar* logits, const std::int64_t* target,
                                           const Real* maximum, const Real* log_sum,
                                           std::int64_t ignore_index, std::int64_t rows, std::int64_t classes,
                                           std::size_t exit) {
  double sum = 0.0;
  std::int64_t counted = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t t = target[row];
    if (t == ignore_index) continue;
    TORCH_CHECK_VALUE(t >= 0 && t < classes, "joint_loss: target[", row, "] of exit ", exit + 1, " is ", t,
                      ", expected a class in [0, ", classes, ") or ignore_index ", ignore_index, ".");
    sum += static_cast<double>((maximum[row] - static_cast<Real>(logits[row * classes + t])) + log_sum[row]);
    ++counted;
  }
  return {sum, counted};
}

}  // namespace

JointLossForward joint_loss_forward_cpu(at::TensorList logits, at::TensorList targets,
                                        at::ArrayRef<double> weights, std::int64_t ignore_index,
                                        bool divide_by_classes) {
  const std::int64_t rows = logits[0].size(0);
  const auto exits = static_cast<std::int64_t>(logits.size());
  at::Tensor loss, row_statistics, factor;
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, logits[0].scalar_type(), "joint_loss", [&] {
    using real_t = at::opmath_type<scalar_t>;
    const auto options = logits[0].options().dtype(c10::CppTypeToScalarType<real_t>::value);
    row_statistics = at::empty({exits, 2, rows}, options);
    factor = at::empty({exits}, options);
    double total = 0.0;
    for (std::size_t n = 0; n < logits.size(); ++n) {
      const at::Tensor z = logits[n].contiguous();
      const at::Tensor target = target_of(targets, n).contiguous();
      const std::int64_t classes = z.size(1);
      real_t* const maximum =
          row_statistics.mutable_data_ptr<real_t>() + 2 * static_cast<std::int64_t>(n) * rows;
      real_t* const log_sum = maximum + rows;
      row_statistics_of(z.const_data_ptr<scalar_t>(), rows, classes, maximum, log_sum);
      const auto [sum, counted] =
          sum_losses(z.const_data_ptr<scalar_t>(), target.const_data_ptr<std::int64_t>(), maximum, log_sum,
                     ignore_index, rows, classes, n);
      double scale = counted == 0 ? 0.0 : weights[n] / static_cast<double>(counted);
      if (divide_by_classes) scale /= static_cast<double>(classes);
      factor.mutable_data_ptr<real_t>()[n] = static_cast<real_t>(scale);
      if (counted > 0) total += scale * sum;
    }
    loss = at::empty({}, options);
    *loss.mutable_data_ptr<real_t>() = static_cast<real_t>(total);
  });
  return {loss, row_statistics, factor};
}

std::vector<at::Tensor> joint_loss_backward_cpu(const at::Tensor& gradient, at::TensorList logits,
                                                at::TensorList targets, const at::Tensor& row_statistics,
                                                const at::Tensor& factor, std::int64_t ignore_index) {
  std::vector<at::Tensor> gradients;
  gradients.reserve(logits.size());
  const std::int64_t rows = logits[0].size(0);
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kHalf, at::kBFloat16, logits[0].scalar_type(), "joint_loss_backward", [&] {
        using real_t = at::opmath_type<scalar_t>;
        const auto upstream = gradient.item<real_t>();
        for (std::size_t n = 0; n < logits.size(); ++n) {
          const at::Tensor z = logits[n].contiguous();
          const at::Tensor target = target_of(targets, n).contiguous();
          const real_t* const maximum =
              row_statistics.const_data_ptr<real_t>() + 2 * static_cast<std::int64_t>(n) * rows;
          gradients.push_back(at::empty_like(z, at::MemoryFormat::Contiguous));
          gradient_rows(z.const_data_ptr<scalar_t>(), target.const_data_ptr<std::int64_t>(), maximum,
                        maximum + rows, upstream * factor.const_data_ptr<real_t>()[n], ignore_index, rows,
                        z.size(1), gradients.back().mutable_data_ptr<scalar_t>());
        }
      });
  return gradients;
}

}  // namespace idn_torch
