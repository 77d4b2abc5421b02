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

}  // namespace idn
