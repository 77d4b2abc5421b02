#include "programs/idn_run/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <stdexcept>

#include "idn/core/printable.h"

namespace idn_run {
namespace {

using idn::in_quotes;

std::int64_t whole_number(const std::string& name, std::string_view text, std::int64_t least,
                          std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  throw std::invalid_argument(name + " is " + in_quotes(text) + ", expected a whole number from " +
                              std::to_string(least) + " to " + std::to_string(most) + ".");
}

SampleRange sample_range(const std::string& text) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53U;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw std::invalid_argument("--samples is " + in_quotes(text) +
                                ", expected FROM:TO, such as 0:100 for the first hundred.");
  }
  const std::string from = text.substr(0, colon);
  const std::string to = text.substr(colon + 1);
  SampleRange range;
  if (!from.empty()) range.from = whole_number("FROM of --samples", from, 0, kMost);
  if (!to.empty()) range.to = whole_number("TO of --samples", to, range.from, kMost);
  return range;
}

void add_input(Options& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw std::invalid_argument("--input is " + in_quotes(text) + ", expected NAME=FILE.");
  if (!options.inputs.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
    throw std::invalid_argument("--input names " + in_quotes(text.substr(0, equals)) + " twice.");
}

void set_out(Options& options, const std::string& file) {
  constexpr std::array kSuffixes{".npy", ".json", ".jsonl", ".csv"};
  if (std::ranges::none_of(kSuffixes, [&](const char* suffix) { return file.ends_with(suffix); })) {
    throw std::invalid_argument("--out is " + in_quotes(file) +
                                ", expected a name that ends in .npy (labels), .json, .jsonl or .csv.");
  }
  options.out = file;
}

void set_logits(Options& options, const std::string& file) {
  if (!file.ends_with(".npy"))
    throw std::invalid_argument("--logits is " + in_quotes(file) + ", expected a name that ends in .npy.");
  options.logits = file;
}

using Set = std::function<void(Options&, const std::string&)>;

// Those that take a value, and those that do not.
const std::map<std::string, Set>& with_value() {
  static const std::map<std::string, Set> known{
      {"--input", add_input},
      {"--dataset", [](Options& options, const std::string& name) { options.dataset = name; }},
      {"--policy", [](Options& options, const std::string& file) { options.policy = file; }},
      {"--batch",
       [](Options& options, const std::string& text) {
         options.batch = whole_number("--batch", text, 1, kMostBatch);
       }},
      {"--threads",
       [](Options& options, const std::string& text) {
         options.threads = whole_number("--threads", text, 1, kMostThreads);
       }},
      {"--device", [](Options& options, const std::string& name) { options.device = name; }},
      {"--out", set_out},
      {"--logits", set_logits},
      {"--samples", [](Options& options, const std::string& text) { options.samples = sample_range(text); }}};
  return known;
}

bool set_flag(Options& options, std::string_view name) {
  if (name == "--json") {
    options.json = true;
  } else if (name == "--help" || name == "-h") {
    options.help = true;
  } else if (name == "--version") {
    options.version = true;
  } else {
    return false;
  }
  return true;
}

void set_files(Options& options, const std::vector<std::string>& files) {
  if (files.empty()) throw std::invalid_argument("PACKAGE and INPUT are missing.");
  if (files.size() > 2)
    throw std::invalid_argument(in_quotes(files[2]) + " is one file too many, expected PACKAGE and INPUT.");
  options.package = files[0];
  if (files.size() == 2) options.input = files[1];
  if (options.input.empty() && options.inputs.empty())
    throw std::invalid_argument("INPUT is missing: a .npy or HDF5 file, or --input NAME=FILE.");
  if (!options.input.empty() && !options.inputs.empty())
    throw std::invalid_argument("INPUT and --input are both given; with --input it names every input.");
}

}  // namespace

Options read_options(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> files;
  bool only_files = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (only_files || word.size() < 2 || word[0] != '-') {
      files.push_back(word);
      continue;
    }
    only_files = word == "--";
    if (only_files || set_flag(options, word)) continue;
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals != std::string::npos && set_flag(options, name))
      throw std::invalid_argument(name + " takes no value.");
    const auto found = with_value().find(name);
    if (found == with_value().end())
      throw std::invalid_argument("there is no option " + in_quotes(name) + ".");
    if (equals == std::string::npos && at + 1 == words.size())
      throw std::invalid_argument(name + " lacks its value.");
    found->second(options, equals == std::string::npos ? words[++at] : word.substr(equals + 1));
  }
  if (!options.help && !options.version) set_files(options, files);
  return options;
}

std::string_view help_text() {
  return R"(Usage: idn-run PACKAGE INPUT [options]
       idn-run PACKAGE --input NAME=FILE [--input NAME=FILE ...] [options]

Runs a package on the samples of a .npy or HDF5 file. Prints a line for each sample: its label,
its confidence and the exit it left at, between tabs. A summary goes to stderr.

  --input NAME=FILE   the file of one input, for a package that has several
  --dataset NAME      the array of an HDF5 file; else the one named as the input, or the only one
  --policy FILE       where samples may leave early, as `idn policy make` writes it;
                      without one every sample is computed to the last exit
  --samples FROM:TO   only these, counted from 0, TO not among them
  --batch N           samples that are computed together (64)
  --threads N         threads among which they are divided (1)
  --device NAME       cpu, cuda or cuda:N (cpu)
  --out FILE          write the answers into FILE instead: labels (.npy), columns (.json),
                      a line for each sample (.jsonl) or a table (.csv)
  --logits FILE.npy   also write the logits of all exits, float32 (samples, exits, classes)
  --json              print a JSON object for each sample
  --help, --version

Exit codes: 0 done; 1 failed, or a package or policy that cannot be used; 2 wrong usage, or an
input the package does not take; 3 an input file that is missing or damaged.
)";
}

}  // namespace idn_run
