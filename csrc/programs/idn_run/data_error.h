#pragma once

#include "idn/core/error.h"

namespace idn_run {

/// A file of samples is missing or damaged; the program then ends with a code of its own.
class DataError : public idn::Error {
 public:
  using Error::Error;
};

}  // namespace idn_run
