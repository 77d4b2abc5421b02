#pragma once

#include <cstddef>
#include <filesystem>

#include "idn/core/bytes.h"

namespace idn::identity {

/// Writes a file that its owner alone may read (mode 0600 before its first byte), whole or not at all.
///
/// What is there already is replaced only if `overwrite`; a symbolic link is replaced, not followed. Throws
/// IdentityError, or WrongPermissions where the system forbids it; each names the path and the reason.
void write_private_file(const std::filesystem::path& path, ByteView content, bool overwrite);

/// Throws what write_private_file() would throw now: writes the content beside the path, and removes it
/// again.
void rehearse_private_file(const std::filesystem::path& path, ByteView content, bool overwrite);

/// Reads a file of at most max_bytes that is the reader's own, and that nobody else may read.
///
/// Throws MissingIdentity, WrongPermissions with the mode and the remedy, with the owner, or where the system
/// forbids it, DamagedIdentity where it is too big, or IdentityError; each names the path.
Bytes read_private_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace idn::identity
