#include "idn_torch/criterion.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace idn_torch {
namespace {

using idn::exits::Criterion;

void check_logits(const at::Tensor& logits, std::int64_t exit) {
  if (logits.dim() != 2 || logits.size(1) < 2 || !at::isFloatingType(logits.scalar_type())) {
    std::ostringstream message;
    message << "outputs of exit " << exit + 1 << " have shape " << logits.sizes() << " and type "
            << logits.scalar_type()
            << ", expected floating-point logits (batch, classes) with at least 2 classes.";
    throw std::invalid_argument(message.str());
  }
}

[[noreturn]] void refuse_sample(const at::Tensor& wrong, std::int64_t exit) {
  throw std::invalid_argument(
      "logits of exit " + std::to_string(exit + 1) + " (exit_index " + std::to_string(exit) +
      ") are NaN or infinite at sample " + std::to_string(wrong.nonzero()[0][0].item<std::int64_t>()) +
      "; the network diverged or its input is not finite. Check both before deciding exits.");
}

// Logits of the exits so far, all of the same samples and without NaN.
void check_outputs(const std::vector<at::Tensor>& outputs) {
  if (outputs.empty()) throw std::invalid_argument("outputs is empty; pass the logits of the exits so far.");
  for (std::size_t n = 0; n < outputs.size(); ++n) {
    check_logits(outputs[n], static_cast<std::int64_t>(n));
    if (outputs[n].sizes() != outputs[0].sizes()) {
      std::ostringstream message;
      message << "outputs of exit " << n + 1 << " have shape " << outputs[n].sizes() << ", exit 1's have "
              << outputs[0].sizes() << "; give the same samples and classes.";
      throw std::invalid_argument(message.str());
    }
    const at::Tensor wrong = outputs[n].isnan().any(1);
    if (wrong.any().item<bool>()) refuse_sample(wrong, static_cast<std::int64_t>(n));
  }
}

// The same formulas as idn::exits::score, from ATen's operators, for devices other than the CPU.
at::Tensor scores_aten(const at::Tensor& logits, Criterion criterion, double temperature) {
  const bool of_probabilities = criterion == Criterion::kConfidence || criterion == Criterion::kMargin ||
                                criterion == Criterion::kEntropyNats ||
                                criterion == Criterion::kNormalizedEntropy;
  if (!of_probabilities) {
    throw std::invalid_argument(std::string(idn::exits::to_string(criterion)) +
                                " has no score of one exit's logits alone; it looks at all exits so far.");
  }
  const at::Tensor z = logits.to(at::kDouble);
  const at::Tensor difference = (z - z.amax(1, /*keepdim=*/true)) / temperature;
  const at::Tensor exponential = difference.exp();
  const at::Tensor sum = exponential.sum(1);
  if (criterion == Criterion::kConfidence) return sum.reciprocal();
  if (criterion == Criterion::kMargin) {
    const at::Tensor best_two = std::get<0>(exponential.topk(2, 1));
    return (best_two.select(1, 0) - best_two.select(1, 1)) / sum;
  }
  const at::Tensor weighted = (difference * exponential).nan_to_num(0.0, 0.0, 0.0).sum(1);
  const at::Tensor entropy = (sum.log() - weighted / sum).clamp_min(0.0);
  if (criterion == Criterion::kEntropyNats) return entropy;
  return (entropy / std::log(static_cast<double>(logits.size(1)))).clamp_max(1.0);
}

at::Tensor scores_cpu(const at::Tensor& logits, Criterion criterion, double temperature) {
  const at::Tensor z = (logits.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat)).contiguous();
  const std::int64_t rows = z.size(0);
  const auto classes = static_cast<std::size_t>(z.size(1));
  at::Tensor scores = at::empty({rows}, z.options().dtype(at::kDouble));
  double* const out = scores.mutable_data_ptr<double>();
  AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "exit_scores", [&] {
    const scalar_t* const in = z.const_data_ptr<scalar_t>();
    at::parallel_for(0, rows, /*grain_size=*/1024, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        out[row] = idn::exits::score(
            criterion, std::span<const scalar_t>(in + row * static_cast<std::int64_t>(classes), classes),
            temperature);
      }
    });
  });
  return scores;
}

}  // namespace

at::Tensor exit_scores(const at::Tensor& logits, Criterion criterion, double temperature, std::int64_t exit) {
  check_logits(logits, exit);
  idn::exits::check_temperature(temperature);
  const at::Tensor values = logits.detach();
  at::Tensor scores = values.is_cpu() ? scores_cpu(values, criterion, temperature)
                                      : scores_aten(values, criterion, temperature);
  const at::Tensor wrong = scores.isnan();
  if (wrong.any().item<bool>()) refuse_sample(wrong, exit);
  return scores;
}

at::Tensor should_exit(const at::Tensor& scores, Criterion criterion, std::optional<double> threshold) {
  if (!threshold.has_value()) return at::zeros_like(scores, scores.options().dtype(at::kBool));
  idn::exits::check_threshold(criterion, *threshold);
  switch (criterion) {
    case Criterion::kNormalizedEntropy:
      return scores.le(*threshold);
    case Criterion::kEntropyNats:
      return scores.lt(*threshold);
    case Criterion::kConfidence:
    case Criterion::kMargin:
    case Criterion::kPatience:
    case Criterion::kVote:
    case Criterion::kLearned:
      return scores.ge(*threshold);
  }
  throw std::invalid_argument("unknown criterion");
}

at::Tensor agreeing_exits(const std::vector<at::Tensor>& outputs) {
  check_outputs(outputs);
  const at::Tensor last = outputs.back().argmax(1);
  at::Tensor unbroken = at::ones_like(last);
  at::Tensor count = at::zeros_like(last);
  for (std::size_t n = outputs.size() - 1; n-- > 0;) {
    unbroken = unbroken * outputs[n].argmax(1).eq(last);
    count = count + unbroken;
  }
  return count;
}

at::Tensor votes(const std::vector<at::Tensor>& outputs) {
  check_outputs(outputs);
  const at::Tensor last = outputs.back().argmax(1);
  at::Tensor count = at::zeros_like(last);
  for (const at::Tensor& output : outputs) count = count + output.argmax(1).eq(last);
  return count;
}

at::Tensor exit_features(const std::vector<at::Tensor>& outputs) {
  const auto earlier = static_cast<double>(outputs.size()) - 1.0;
  const at::Tensor agreeing = (votes(outputs) - 1).to(at::kCPU, at::kDouble) / std::max(1.0, earlier);
  const at::Tensor z = outputs.back().detach().to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor wrong = z.amax(1).isinf();
  if (wrong.any().item<bool>()) refuse_sample(wrong, static_cast<std::int64_t>(outputs.size()) - 1);
  const auto classes = static_cast<std::size_t>(z.size(1));
  at::Tensor found = at::empty({z.size(0), idn::exits::kFeatures}, z.options());
  const double* const in = z.const_data_ptr<double>();
  const double* const agreement = agreeing.const_data_ptr<double>();
  double* const out = found.mutable_data_ptr<double>();
  at::parallel_for(0, z.size(0), /*grain_size=*/1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::span logits(in + row * static_cast<std::int64_t>(classes), classes);
      const idn::exits::Features one = idn::exits::features(logits, agreement[row]);
      std::copy(one.begin(), one.end(), out + row * static_cast<std::int64_t>(one.size()));
    }
  });
  return found;
}

at::Tensor learned_scores(const std::vector<at::Tensor>& outputs, const idn::exits::LearnedScore& learned) {
  const at::Tensor features = exit_features(outputs);
  at::Tensor scores = at::empty({features.size(0)}, features.options());
  const double* const in = features.const_data_ptr<double>();
  double* const out = scores.mutable_data_ptr<double>();
  for (std::int64_t row = 0; row < features.size(0); ++row) {
    constexpr std::size_t kFeatures = idn::exits::kFeatures;
    const std::span<const double, kFeatures> one(in + row * static_cast<std::int64_t>(kFeatures), kFeatures);
    out[row] = idn::exits::score(learned, one);
  }
  return scores.to(outputs.back().device());
}

}  // namespace idn_torch
