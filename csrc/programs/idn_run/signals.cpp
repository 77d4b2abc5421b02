#include "programs/idn_run/signals.h"

#include <array>
#include <csignal>

namespace idn_run {
namespace {

volatile std::sig_atomic_t taken = 0;

void take(int signal) { taken = signal; }

}  // namespace

void end_in_order() {
  for (const int signal : std::array{SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;  // as nohup asks
    struct sigaction action {};
    action.sa_handler = take;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
  // A write then says what is wrong, and files that are not finished are removed.
  for (const int signal : std::array{SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

void check_signals() {
  if (taken != 0) throw Interrupted(taken);
}

}  // namespace idn_run
