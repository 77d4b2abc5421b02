#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "idn/core/result.h"
#include "idn/exits/policy.h"

namespace idn::exits {

/// What a policy does on the validation data it was chosen on.
struct PolicyValidation {
  std::string sha256;              ///< of the trace, logits and labels
  std::int64_t samples = 0;        ///< how many
  double accuracy = 0.0;           ///< in percent
  double full_accuracy = 0.0;      ///< of the last exit alone, in percent
  std::vector<double> exit_rates;  ///< of each exit, in percent of the samples
  double mean_cost = 0.0;          ///< of a sample, in the unit of the costs
};

/// A policy with its origin, as `idn.exits.PolicyFile` in Python keeps it (docs/formats.md, "Policy files").
struct PolicyFile {
  std::string idn;  ///< the version that wrote it
  Policy policy;
  std::int64_t classes = 0;
  std::string weights_sha256;  ///< of the network it is for
  std::string asked;           ///< what it was chosen for: max_drop, budget, accuracy or risk
  std::string cost_unit;
  std::vector<double> costs;  ///< of each exit: what a sample costs that leaves there
  PolicyValidation validation;

  /// Why this is no policy of a network, naming what differs; empty where it is one of this network.
  [[nodiscard]] std::string misfit(std::string_view weights_sha256, std::size_t exits,
                                   std::int64_t classes) const;
};

/// The most bytes of a policy file.
inline constexpr std::size_t kMostPolicyBytes = std::size_t{1} << 20U;

/// Reads the text of a policy file, trusting nothing in it: what Python refuses is refused here, a text in
/// another encoding, keys that are unknown, missing or repeated, other types, NaN, lengths that do not fit.
///
/// Positions of problems count bytes where the text is no JSON, and are 0 where what it says is wrong: the
/// reason then names the part.
Result<PolicyFile> read_policy_file(std::string_view text);

}  // namespace idn::exits
