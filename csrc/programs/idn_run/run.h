#pragma once

#include "programs/idn_run/options.h"

namespace idn_run {

/// Does what the options ask for: answers on stdout or in files, a summary on stderr. Throws DataError,
/// std::invalid_argument, idn::Error, OutputGone or Interrupted, after which no file has been changed.
void run(const Options& options);

}  // namespace idn_run
