#include "idn/identity/sodium.h"

#include <sodium.h>

#include "idn/core/error.h"

namespace idn::identity {

void start_sodium() {
  static const int outcome = sodium_init();
  if (outcome < 0) throw Error("libsodium cannot start: the system gives it no random numbers.");
}

}  // namespace idn::identity
