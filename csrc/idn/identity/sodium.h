#pragma once

namespace idn::identity {

/// Starts libsodium, once for the process; call it before any of its functions. Throws Error where it cannot.
void start_sodium();

}  // namespace idn::identity
