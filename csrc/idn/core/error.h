#pragma once

#include <stdexcept>

namespace idn {

/// The caller's mistake is std::invalid_argument; what fails at run time derives from Error.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file of the store cannot be read or written; the message names the path and the reason.
class StoreError : public Error {
 public:
  using Error::Error;
};

/// A package is refused: it is none, is damaged, or asks for more than it may.
class PackageError : public Error {
 public:
  using Error::Error;
};

/// A graph cannot be run on the values it was given; the message names the node.
class ExecutionError : public Error {
 public:
  using Error::Error;
};

/// An identity cannot be read or written.
class IdentityError : public Error {
 public:
  using Error::Error;
};

/// The file of an identity does not exist.
class MissingIdentity : public IdentityError {
 public:
  using IdentityError::IdentityError;
};

/// The file of an identity is not its owner's alone, is another user's, or the system forbids its use.
class WrongPermissions : public IdentityError {
 public:
  using IdentityError::IdentityError;
};

/// The file of an identity is not what idn wrote; the message names the byte and the field.
class DamagedIdentity : public IdentityError {
 public:
  using IdentityError::IdentityError;
};

/// The password of an identity is wrong, missing or needless.
class WrongPassword : public IdentityError {
 public:
  using IdentityError::IdentityError;
};

}  // namespace idn
