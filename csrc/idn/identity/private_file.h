#pragma once

#include <cstddef>
#include <filesystem>

#include "idn/core/bytes.h"

namespace idn::identity {

/// Writes a file that its owner alone may read (mode 0600 before its first byte), whole or not at all.
///
/// What is there already is replaced only if `overwrite`; a symbolic link is replaced, not followed. Throws
/// IdentityError that names the path and the reason.
void write_private_file(const std::filesystem::path& path, ByteView content, bool overwrite);

/// Reads a file of at most max_bytes that its owner alone may read.
///
/// Throws MissingIdentity, WrongPermissions with the mode and the remedy, DamagedIdentity where it is too
/// big, or IdentityError; each names the path.
Bytes read_private_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace idn::identity
