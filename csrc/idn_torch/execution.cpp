#include "idn_torch/execution.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "idn_torch/guards.h"
#include "idn_torch/plan.h"
#include "idn_torch/steps.h"

namespace idn_torch {
namespace {

using graph_kernels::Inputs;

void check_rows(const std::vector<std::int64_t>& rows, std::int64_t most) {
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const bool ascends = index == 0 || rows[index - 1] < rows[index];
    if (ascends && rows[index] >= 0 && rows[index] < most) continue;
    throw std::invalid_argument("rows holds " + std::to_string(rows[index]) + " at " + std::to_string(index) +
                                ", expected each of 0 to " + std::to_string(most - 1) +
                                " at most once, in ascending order.");
  }
}

// Some samples of a value, in the memory order that it has.
at::Tensor picked(const at::Tensor& value, const idn::graph::SampleAxis& where, const at::Tensor& rows) {
  const auto axis = static_cast<std::int64_t>(where.axis);
  const at::Tensor index =
      where.each == 1
          ? rows
          : rows.unsqueeze(1).mul(where.each).add(at::arange(where.each, rows.options())).reshape({-1});
  at::Tensor some = at::empty_like(value.slice(axis, 0, index.size(0)), at::MemoryFormat::Preserve);
  at::index_select_out(some, value, axis, index);
  return some;
}

}  // namespace

Execution::Execution(std::shared_ptr<const Plan> plan, std::vector<at::Tensor> inputs, std::int64_t rows)
    : plan_(std::move(plan)), values_(std::move(inputs)), rows_(rows) {
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    if (!plan_->read_inputs[slot]) values_[slot].reset();
  }
  values_.resize(plan_->values.size());
}

void Execution::check_whole() const {
  if (failed_) throw std::logic_error("an earlier segment failed; start the request anew.");
}

at::Tensor Execution::next() {
  check_whole();
  if (done_ == plan_->segments.size())
    throw std::logic_error("all " + std::to_string(done_) + " exits are done.");
  const Guards guards(plan_->options.device);
  const SegmentPlan& segment = plan_->segments[done_];
  failed_ = true;  // until it is done: what has been read for the last time is gone
  run_steps(*plan_, segment.steps, values_, rows_);
  failed_ = false;
  const Answer& answer = segment.answer;
  at::Tensor logits;
  if (answer.slot >= Inputs::kConstant) {
    logits = plan_->constants[answer.slot - Inputs::kConstant];
  } else if (answer.last_use) {
    logits = std::move(values_[answer.slot]);
  } else {
    logits = values_[answer.slot];
  }
  ++done_;
  const bool own = !answer.shared && logits.use_count() == 1 && logits.storage().use_count() == 1;
  return own && logits.is_contiguous() ? logits : logits.clone(at::MemoryFormat::Contiguous);
}

bool Execution::can_keep() const { return plan_->keeps[done_]; }

void Execution::keep(const std::vector<std::int64_t>& rows) {
  check_whole();
  check_rows(rows, rows_);
  if (!can_keep()) {
    throw std::invalid_argument("after " + std::to_string(done_) +
                                " exits a value mixes samples, so none can be left out.");
  }
  if (static_cast<std::int64_t>(rows.size()) == rows_) return;
  const Guards guards(plan_->options.device);
  failed_ = true;  // until all values have the same rows
  const at::Tensor index = at::tensor(rows, at::kLong).to(plan_->options.device);
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    if (!values_[slot].defined()) continue;
    const auto& axis = plan_->sample_axes[plan_->values[slot]];
    if (axis) values_[slot] = picked(values_[slot], *axis, index);
  }
  rows_ = static_cast<std::int64_t>(rows.size());
  failed_ = false;
}

}  // namespace idn_torch
