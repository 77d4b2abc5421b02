#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "idn/exits/criterion.h"
#include "idn/exits/learned_score.h"

namespace idn_torch {

/// The criterion's score of each row of logits (batch, classes): float64, shape (batch), on the logits'
/// device.
///
/// On the CPU every row goes through idn::exits::score itself. NaN logits are std::invalid_argument naming
/// the row. `exit` is used in messages only.
at::Tensor exit_scores(const at::Tensor& logits, idn::exits::Criterion criterion, double temperature,
                       std::int64_t exit);

/// Which rows leave, as a bool tensor (batch): idn::exits::should_exit of each score.
at::Tensor should_exit(const at::Tensor& scores, idn::exits::Criterion criterion,
                       std::optional<double> threshold);

/// For each sample, how many exits directly before the last gave the last one's label: int64, shape (batch).
at::Tensor agreeing_exits(const std::vector<at::Tensor>& outputs);

/// For each sample, how many exits gave the last one's label, the last one included: int64, shape (batch).
at::Tensor votes(const std::vector<at::Tensor>& outputs);

/// What a learned score sees of the last exit (idn::exits::features), agreement with the exits before it
/// included: float64 (batch, kFeatures), on the CPU.
at::Tensor exit_features(const std::vector<at::Tensor>& outputs);

/// idn::exits::score of the last exit's features: float64, shape (batch), on the logits' device.
at::Tensor learned_scores(const std::vector<at::Tensor>& outputs, const idn::exits::LearnedScore& learned);

}  // namespace idn_torch
