#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "idn/core/error.h"
#include "idn/graph/model.h"
#include "idn_torch/engine.h"
#include "programs/idn_run/options.h"
#include "programs/idn_run/whole_file.h"

namespace idn_run {

/// Who read stdout has gone: there is nobody to tell more.
class OutputGone : public idn::Error {
 public:
  OutputGone() : Error("nobody reads stdout any more.") {}
};

/// Where the answers go: to stdout or a file as they come. Files appear whole at the end or not at all.
class Output {
 public:
  /// Opens the files, so that a place where none can be written is known before anything is computed. `first`
  /// is the number of the first sample, `samples` how many there will be.
  Output(const Options& options, const idn::graph::Model& model, std::int64_t first, std::int64_t samples);

  /// Takes the answers of the samples that come next.
  void add(const idn_torch::Answers& answers);

  /// Takes their logits, those of each exit: float32 (samples, classes).
  void add_logits(const std::vector<at::Tensor>& exits);

  /// Puts the files in their place.
  void finish();

 private:
  void print_or_write(const idn_torch::Answers& answers);
  void collect(const idn_torch::Answers& answers);

  std::vector<std::string> classes_;
  std::vector<std::string> exits_;
  std::int64_t first_;
  std::int64_t added_ = 0;
  bool text_;
  bool json_;
  std::string out_;
  std::optional<WholeFile> out_file_;
  std::optional<WholeFile> logits_file_;
  idn_torch::Answers answers_;  // for the columns of .json alone: all else is written as it comes
};

}  // namespace idn_run
