#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace idn_run {

/// Samples from one to before another.
struct SampleRange {
  std::int64_t from = 0;
  std::optional<std::int64_t> to;  ///< none: to the end

  bool operator==(const SampleRange&) const = default;
};

/// What the command line asks for.
struct Options {
  std::string package;
  std::string input;                          ///< the one input's file; empty where `inputs` names them
  std::map<std::string, std::string> inputs;  ///< files by the name of the input
  std::optional<std::string> dataset;         ///< of an HDF5 file
  std::optional<std::string> policy;
  std::optional<std::int64_t> batch;  ///< none: kUsualBatch, or fewer where the package's limits ask for it
  std::int64_t threads = 1;
  std::string device = "cpu";  ///< "cpu", "cuda" or "cuda:1"
  std::optional<std::string> out;
  std::optional<std::string> logits;
  SampleRange samples;
  bool json = false;
  bool help = false;
  bool version = false;
};

inline constexpr std::int64_t kUsualBatch = 64;
inline constexpr std::int64_t kMostBatch = 1 << 20;
inline constexpr std::int64_t kMostThreads = 4096;

/// Reads the words after the program's name. Throws std::invalid_argument that names the word and what was
/// expected; nothing is checked where help or the version is asked for.
Options read_options(const std::vector<std::string>& words);

/// What --help prints.
std::string_view help_text();

}  // namespace idn_run
