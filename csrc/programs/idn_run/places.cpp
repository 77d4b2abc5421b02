#include "programs/idn_run/places.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "idn/core/printable.h"

namespace idn_run {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string what;  // as the command line has it
  std::string path;
};

// The same bytes on the disk: by links too, and for a file that is not there yet by where it will be.
bool same(const std::string& one, const std::string& other) {
  std::error_code error;
  if (fs::equivalent(one, other, error)) return true;
  const fs::path first = fs::weakly_canonical(fs::absolute(one, error), error);
  if (error) return false;  // it can't be written either, and is refused there
  const fs::path second = fs::weakly_canonical(fs::absolute(other, error), error);
  return !error && first == second;
}

std::vector<Place> read_places(const Options& options) {
  std::vector<Place> places{{"PACKAGE", options.package}};
  if (!options.input.empty()) places.push_back({"INPUT", options.input});
  for (const auto& [name, file] : options.inputs) places.push_back({"--input " + idn::printable(name), file});
  if (options.policy) places.push_back({"--policy", *options.policy});
  return places;
}

}  // namespace

void check_places(const Options& options) {
  std::vector<Place> places = read_places(options);
  const auto add = [&places](const std::string& what, const std::string& path) {
    for (const Place& other : places) {
      if (!same(path, other.path)) continue;
      throw std::invalid_argument(what + " is " + idn::in_quotes(path) + ", the file that is given as " +
                                  other.what + ", expected another.");
    }
    places.push_back({what, path});
  };
  if (options.out) add("--out", *options.out);
  if (options.logits) add("--logits", *options.logits);
}

}  // namespace idn_run
