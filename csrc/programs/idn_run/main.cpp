// idn-run: runs a package on the samples of a file. A program without Python (docs/idn-run.md).

#include <c10/util/Exception.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "programs/idn_run/data_error.h"
#include "programs/idn_run/options.h"
#include "programs/idn_run/output.h"
#include "programs/idn_run/run.h"
#include "programs/idn_run/signals.h"

namespace {

// As python/idn/cli/exit_codes.py has them.
enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2, kData = 3, kSignal = 128 };

// One line, fit for a terminal: messages hold names that a package or a file chose.
int fail(ExitCode code, const std::string& message) {
  std::string line;
  for (std::size_t begin = 0; begin <= message.size();) {
    const std::size_t end = std::min(message.find_first_of(" \n", begin), message.size());
    line.append(" ").append(idn::printable(message.substr(begin, end - begin)));
    begin = end + 1;
  }
  std::fprintf(stderr, "idn-run:%s\n", line.c_str());
  return code;
}

int run_program(const std::vector<std::string>& words) {
  idn_run::Options options;
  try {
    options = idn_run::read_options(words);
  } catch (const std::invalid_argument& error) {
    return fail(kUsage, std::string(error.what()) + " `idn-run --help` says more.");
  }
  if (options.help) {
    std::fputs(idn_run::help_text().data(), stdout);
  } else if (options.version) {
    std::puts("idn-run " IDN_VERSION ", torch " TORCH_VERSION);
  } else {
    idn_run::run(options);
  }
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return kDone;
  return fail(kFailed, "cannot write to stdout.");
}

}  // namespace

int main(int count, char** words) {
  idn_run::end_in_order();
  try {
    return run_program({words + std::min(count, 1), words + count});
  } catch (const idn_run::DataError& error) {
    return fail(kData, error.what());
  } catch (const std::invalid_argument& error) {
    return fail(kUsage, error.what());
  } catch (const c10::Error& error) {  // its what() would be a backtrace
    return fail(kFailed, error.what_without_backtrace());
  } catch (const idn_run::Interrupted& asked) {
    fail(kFailed, asked.what());
    return kSignal + asked.signal();
  } catch (const idn_run::OutputGone&) {
    return kFailed;
  } catch (const std::bad_alloc&) {
    return fail(kFailed, "there is not enough memory; a smaller --batch takes less.");
  } catch (const std::exception& error) {
    return fail(kFailed, error.what());
  }
}
