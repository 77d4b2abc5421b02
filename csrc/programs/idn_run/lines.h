#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "idn_torch/engine.h"

namespace idn_run {

/// An answer as it is printed, for one sample of many.
struct Line {
  const std::vector<std::string>& classes;  ///< the names of labels; may be empty
  const std::vector<std::string>& exits;    ///< the names of exits
  const idn_torch::Answers& answers;
  std::size_t index;    ///< among the answers
  std::int64_t sample;  ///< its number in the files

  /// Label, confidence and exit between tabs, names made fit for a terminal.
  [[nodiscard]] std::string text() const;

  /// An object in ASCII: sample, label, class where labels have names, confidence, exit, exit_name,
  /// operations.
  [[nodiscard]] std::string json() const;

  /// The same as a row of csv_header(), in UTF-8.
  [[nodiscard]] std::string csv() const;
};

std::string csv_header();

/// All answers as one JSON object of columns, with the names of classes and exits once.
std::string json_columns(const std::vector<std::string>& classes, const std::vector<std::string>& exits,
                         const idn_torch::Answers& answers, std::int64_t first);

}  // namespace idn_run
