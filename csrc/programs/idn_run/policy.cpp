#include "programs/idn_run/policy.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "idn/exits/policy_file.h"

namespace idn_run {
namespace {

using idn::exits::kMostPolicyBytes;
using idn::exits::Policy;
using idn::exits::PolicyFile;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw idn::Error("the policy " + idn::printable(path) + " can't be used: " + why);
}

std::string text_of(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
    fail(path, "it is no regular file.");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, std::generic_category().message(errno) + ".");
  std::string text(kMostPolicyBytes + 1, '\0');  // one more than is taken shows that there is more
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

Policy policy_for(const idn::graph::Model& model, const std::optional<std::string>& path) {
  const auto& exits = model.graph.exits();
  if (!path) {
    Policy never;
    never.thresholds.resize(exits.size() - 1);
    return never;
  }
  idn::Result<PolicyFile> file = idn::exits::read_policy_file(text_of(*path));
  if (!file) fail(*path, to_string(file.problem()) + ".");
  const auto origin = model.provenance.find("weights_sha256");
  if (origin == model.provenance.end()) {
    fail(*path,
         "the package does not say which weights it was exported from (weights_sha256 in its provenance), so "
         "nothing shows that the policy is of its network.");
  }
  const std::int64_t classes = model.graph.type(exits.front().value).shape.back().fixed;
  if (const std::string why = file->misfit(origin->second, exits.size(), classes); !why.empty())
    fail(*path, why);
  return std::move(*file).policy;
}

}  // namespace idn_run
