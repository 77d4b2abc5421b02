#pragma once

#include "idn/core/bytes.h"
#include "idn/identity/keys.h"

namespace idn::identity {

/// Signs a message, whoever made it: with a text of its own in front, so that the signature is none of a
/// signed record or of anything else that the key signs (docs/wire.md).
Signature sign_message(const PrivateKey& key, ByteView message);

/// Whether sign_message() with the owner's key made it.
bool verify_message(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace idn::identity
