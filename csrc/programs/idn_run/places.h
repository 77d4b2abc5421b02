#pragma once

#include "programs/idn_run/options.h"

namespace idn_run {

/// Throws std::invalid_argument where a file that is to be written is one that is read, or the other one that
/// is written, under whatever names: one of the two would be lost.
void check_places(const Options& options);

}  // namespace idn_run
