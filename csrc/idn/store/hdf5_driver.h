#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "idn/store/hdf5_library.h"

namespace idn::store {

/// The one open file that HDF5 may see through our driver.
///
/// HDF5 1.10 does not survive a failed write well: closing fails, the file stays half open, and leaving the
/// process tries again. So a write that the disk refuses is recorded here and reported to HDF5 as done;
/// closing then always works, and the owner looks at `error` before it believes anything.
struct DriverFile {
  int descriptor = -1;
  bool writable = false;
  std::uint64_t size = 0;
  int error = 0;         ///< errno of the first failure
  bool discard = false;  ///< take no more bytes: the file will be thrown away
  std::string name;      ///< HDF5 may open this name and no other, so links to other files lead nowhere
};

/// File access properties that use the driver, with checksummed metadata for new files. Call under a
/// LibraryGuard.
///
/// HDF5 may hold on to a file whose opening failed; it then shares the ownership, and the descriptor should
/// be -1 when it is closed.
Handle driver_access(const std::shared_ptr<DriverFile>& file);

}  // namespace idn::store
