// Policy files: what is read is a policy that can decide.
#include <vector>

#include "idn/exits/policy_file.h"
#include "laws.h"

namespace idn::exits {
namespace {

using fuzz::require;

void read_what_came(std::string_view text) {
  const auto read = read_policy_file(text);
  if (!fuzz::taken(read, text.size())) return;
  check_policy(read->policy);
  const std::size_t exits = read->policy.exits();
  require(read->costs.size() == exits && read->validation.exit_rates.size() == exits,
          "a number for each exit");
  require(read->misfit(read->weights_sha256, exits, read->classes).empty(), "it is of its own network");
  require(!read->misfit(read->weights_sha256, exits + 1, read->classes).empty(), "and of no other");
  const std::vector<float> logits{0.0F, 1.0F, 0.5F};
  Departures departures(read->policy, 1);
  while (departures.remaining() > 0) departures.leaves(logits, logits.size());
  require(departures.labels()[0] == 1 && departures.exits()[0] < static_cast<std::int64_t>(exits),
          "every sample leaves with the label of the highest logit");
}

}  // namespace
}  // namespace idn::exits

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  idn::exits::read_what_came(idn::text_of({data, size}));
  return 0;
}
