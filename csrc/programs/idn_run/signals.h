#pragma once

#include "idn/core/error.h"

namespace idn_run {

/// A signal has asked for the end.
class Interrupted : public idn::Error {
 public:
  explicit Interrupted(int signal) : Error("interrupted; no file has been changed."), signal_(signal) {}

  [[nodiscard]] int signal() const { return signal_; }

 private:
  int signal_;
};

/// Lets the program end in order where it is asked to from outside: by SIGINT, SIGTERM or SIGHUP at its next
/// batch, and by what is wrong with the pipe or file that it writes to. The second signal ends it at once.
void end_in_order();

/// Throws Interrupted where a signal has asked for the end.
void check_signals();

}  // namespace idn_run
