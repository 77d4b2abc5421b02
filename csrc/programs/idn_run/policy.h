#pragma once

#include <optional>
#include <string>

#include "idn/exits/policy.h"
#include "idn/graph/model.h"

namespace idn_run {

/// The policy of a file, which has to be of the network that the package was exported from; without a file
/// one by which nothing leaves early. Throws idn::Error that names the file and what is wrong.
idn::exits::Policy policy_for(const idn::graph::Model& model, const std::optional<std::string>& path);

}  // namespace idn_run
