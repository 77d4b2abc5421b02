#include "programs/idn_run/output.h"

#include <cerrno>
#include <cstdio>
#include <span>
#include <system_error>

#include "idn/core/error.h"
#include "idn/store/npy.h"
#include "programs/idn_run/lines.h"

namespace idn_run {
namespace {

using idn::store::NpyInfo;
using idn::store::NpyType;

// With every batch, so that who reads a pipe has what there is.
void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
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
  if (!options.logits) return;
  const std::int64_t classes = model.graph.type(model.graph.exits().front().value).shape.back().fixed;
  logits_file_.emplace(*options.logits);
  logits_file_->write(idn::store::npy_header(
      {NpyType::kFloat32, {samples, static_cast<std::int64_t>(exits_.size()), classes}}));
}

void Output::add(const idn_torch::Answers& answers) {
  std::string lines;
  for (std::size_t k = 0; k < answers.labels.size() && (text_ || json_); ++k) {
    const Line line{classes_, exits_, answers, k, first_ + added_ + static_cast<std::int64_t>(k)};
    lines += json_ ? line.json() : line.text();
  }
  print(lines);
  added_ += static_cast<std::int64_t>(answers.labels.size());
  if (!out_file_) return;
  append(answers_.labels, answers.labels);
  append(answers_.confidences, answers.confidences);
  append(answers_.exits, answers.exits);
  append(answers_.operations, answers.operations);
}

void Output::add_logits(const std::vector<at::Tensor>& exits) {
  if (!logits_file_) return;
  std::vector<at::Tensor> here;
  for (const at::Tensor& logits : exits) here.push_back(logits.cpu().contiguous());
  const auto bytes = static_cast<std::size_t>(here.front().size(1)) * sizeof(float);
  for (std::int64_t row = 0; row < here.front().size(0); ++row) {
    for (const at::Tensor& logits : here) {
      const auto* data = reinterpret_cast<const std::uint8_t*>(logits.const_data_ptr<float>());
      logits_file_->write({data + static_cast<std::size_t>(row) * bytes, bytes});
    }
  }
}

std::string Output::file_content() const {
  if (out_.ends_with(".json")) return json_columns(classes_, exits_, answers_, first_);
  const bool csv = out_.ends_with(".csv");
  std::string content = csv ? csv_header() : std::string();
  for (std::size_t k = 0; k < answers_.labels.size(); ++k) {
    const Line line{classes_, exits_, answers_, k, first_ + static_cast<std::int64_t>(k)};
    content += csv ? line.csv() : line.json();
  }
  return content;
}

void Output::finish() {
  if (out_file_) {
    if (out_.ends_with(".npy")) {
      const NpyInfo info{NpyType::kInt64, {static_cast<std::int64_t>(answers_.labels.size())}};
      out_file_->write(idn::store::npy_header(info));
      out_file_->write(raw(answers_.labels));
    } else {
      out_file_->write(idn::bytes_of(file_content()));
    }
    out_file_->commit();
  }
  if (logits_file_) logits_file_->commit();
}

}  // namespace idn_run
