// Runs a fuzz target without libFuzzer: every file of the corpus, then a fixed number of changed copies.
//
//   NAME_fuzz [--mutations N] [--seed S] [--max-bytes B] FILE_OR_FOLDER...
//
// On a broken law or a sanitizer's report the input is shown and kept in a file, which this program and
// libFuzzer take as an argument.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "laws.h"
#include "mutation.h"

// There in a program with a sanitizer, which ends without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace idn::fuzz {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::size_t mutations = 0;
  std::size_t max_bytes = 4096;
  std::uint64_t seed = 1;
  std::vector<fs::path> paths;
};

Bytes current;               // what is being tried
std::string current_origin;  // a file's name, or which mutation
std::string kept;            // the file that a finding goes to
bool shown = false;

void show_current() {
  if (std::exchange(shown, true)) return;
  std::fprintf(stderr, "\ninput: %s, %zu bytes, kept in %s:\n", current_origin.c_str(), current.size(),
               kept.c_str());
  for (const std::uint8_t byte : current) std::fprintf(stderr, "%02x", byte);
  std::fprintf(stderr, "\n");
  std::ofstream(kept, std::ios::binary) << text_of(current);
}

void try_one(Bytes bytes, std::string origin) {
  current = std::move(bytes);
  current_origin = std::move(origin);
  // In memory of its very size, so that AddressSanitizer sees a read beyond its end.
  const Bytes copy(current.begin(), current.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

std::uint64_t number(std::string_view option, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
  throw std::invalid_argument(std::string(option) + " is '" + std::string(text) + "', expected a number.");
}

Options parse(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--")) {
      options.paths.emplace_back(argument);
      continue;
    }
    const std::uint64_t value = number(argument, ++i < arguments.size() ? arguments[i] : "");
    if (argument == "--mutations")
      options.mutations = value;
    else if (argument == "--max-bytes")
      options.max_bytes = value;
    else if (argument == "--seed")
      options.seed = value;
    else
      throw std::invalid_argument("unknown option " + std::string(argument) +
                                  "; expected --mutations, --max-bytes or --seed.");
  }
  return options;
}

// The files of paths and of the folders among them, by name, so that every machine has the same order.
std::vector<fs::path> files_of(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
    } else {
      files.push_back(path);
    }
  }
  std::ranges::sort(files);
  return files;
}

Bytes contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::invalid_argument("the input " + path.string() + " cannot be read.");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Input {
  std::string name;
  Bytes bytes;
};

std::vector<Input> load(const std::vector<fs::path>& paths) {
  std::vector<Input> corpus;
  for (const fs::path& path : files_of(paths)) corpus.push_back({path.filename().string(), contents(path)});
  if (corpus.empty())
    throw std::invalid_argument("no input is named; expected files or folders that hold them.");
  return corpus;
}

// Not within a try: an exception that escapes a target is a finding.
void run(const Options& options, const std::vector<Input>& corpus) {
  std::vector<Bytes> inputs;
  for (const Input& input : corpus) {
    try_one(input.bytes, input.name);
    inputs.push_back(input.bytes);
  }
  Mutator mutator(std::move(inputs), options.max_bytes, options.seed);
  for (std::size_t i = 0; i < options.mutations; ++i) {
    try_one(mutator.next(), "mutation " + std::to_string(i) + " of seed " + std::to_string(options.seed));
  }
  std::printf("%zu inputs and %zu mutations of them\n", corpus.size(), options.mutations);
}

}  // namespace
}  // namespace idn::fuzz

int main(int count, char** arguments) {
  idn::fuzz::kept = std::filesystem::path(arguments[0]).filename().string() + "-finding";
  std::signal(SIGABRT, [](int) {
    idn::fuzz::show_current();
    std::_Exit(1);
  });
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(idn::fuzz::show_current);
  idn::fuzz::Options options;
  std::vector<idn::fuzz::Input> corpus;
  try {
    options = idn::fuzz::parse({arguments + 1, arguments + count});
    corpus = idn::fuzz::load(options.paths);
  } catch (const std::invalid_argument& mistake) {
    std::fprintf(stderr, "%s\n", mistake.what());
    return 2;
  }
  idn::fuzz::run(options, corpus);
  return 0;
}
