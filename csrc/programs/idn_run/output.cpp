#include "programs/idn_run/output.h"

#include <ATen/ops/stack.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "idn/core/error.h"
#include "idn/store/npy.h"
#include "programs/idn_run/lines.h"

namespace idn_run {
namespace {

using idn::store::NpyType;

// With every batch, so that who reads a pipe has what there is.
void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw OutputGone();
  throw idn::Error("cannot write to stdout: " + std::generic_category().message(errno) + ".");
}

template <class T>
idn::ByteView raw(const std::vector<T>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

Output::Output(const Options& options, const idn::graph::Model& model, std::int64_t first,
               std::int64_t samples)
    : classes_(model.classes),
      first_(first),
      text_(!options.json && !options.out),
      json_(options.json),
      out_(options.out.value_or("")) {
  for (const idn::graph::Exit& exit : model.graph.exits()) exits_.push_back(exit.name);
  if (options.out) out_file_.emplace(out_);
  if (out_.ends_with(".npy")) out_file_->write(idn::store::npy_header({NpyType::kInt64, {samples}}));
  if (out_.ends_with(".csv")) out_file_->write(idn::bytes_of(csv_header()));
  if (!options.logits) return;
  const std::int64_t classes = model.graph.type(model.graph.exits().front().value).shape.back().fixed;
  logits_file_.emplace(*options.logits);
  logits_file_->write(idn::store::npy_header(
      {NpyType::kFloat32, {samples, static_cast<std::int64_t>(exits_.size()), classes}}));
}

void Output::add(const idn_torch::Answers& answers) {
  print_or_write(answers);
  added_ += static_cast<std::int64_t>(answers.labels.size());
}

void Output::print_or_write(const idn_torch::Answers& answers) {
  std::string printed;
  std::string written;
  const bool jsonl = out_.ends_with(".jsonl");
  const bool csv = out_.ends_with(".csv");
  for (std::size_t k = 0; k < answers.labels.size() && (text_ || json_ || jsonl || csv); ++k) {
    const Line line{classes_, exits_, answers, k, first_ + added_ + static_cast<std::int64_t>(k)};
    if (json_ || text_) printed += json_ ? line.json() : line.text();
    if (jsonl || csv) written += csv ? line.csv() : line.json();
  }
  print(printed);
  if (out_.ends_with(".json")) collect(answers);
  if (out_.ends_with(".npy")) out_file_->write(raw(answers.labels));
  if (jsonl || csv) out_file_->write(idn::bytes_of(written));
}

void Output::collect(const idn_torch::Answers& answers) {
  append(answers_.labels, answers.labels);
  append(answers_.confidences, answers.confidences);
  append(answers_.exits, answers.exits);
  append(answers_.operations, answers.operations);
}

void Output::add_logits(const std::vector<at::Tensor>& exits) {
  if (!logits_file_) return;
  std::vector<at::Tensor> here;
  for (const at::Tensor& logits : exits) here.push_back(logits.cpu());
  const at::Tensor all = at::stack(here, 1).contiguous();
  logits_file_->write({static_cast<const std::uint8_t*>(all.const_data_ptr()), all.nbytes()});
}

void Output::finish() {
  if (out_.ends_with(".json"))
    out_file_->write(idn::bytes_of(json_columns(classes_, exits_, answers_, first_)));
  if (out_file_) out_file_->commit();
  if (logits_file_) logits_file_->commit();
}

}  // namespace idn_run
