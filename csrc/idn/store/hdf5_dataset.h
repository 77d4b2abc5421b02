#pragma once

#include <vector>

#include "idn/store/chunk.h"
#include "idn/store/hdf5_library.h"

namespace idn::store {

/// An array in a file, after everything it claims has been compared with what the file can hold.
struct CheckedDataset {
  ArrayInfo info;
  std::size_t bytes = 0;
  std::vector<std::size_t> chunk;  ///< empty for a contiguous array
  std::vector<Filter> filters;
  std::vector<std::size_t> stored_bytes;  ///< of each chunk, in C order of the chunks
};

/// Checks an open data set; throws StoreError with the reason alone. Call under a LibraryGuard.
CheckedDataset check_dataset(hid_t dataset, std::uint64_t file_bytes, const ReadLimits& limits);

/// Reads a checked data set into `items` of its size; throws StoreError with the reason alone.
void read_dataset(hid_t dataset, const CheckedDataset& checked, std::span<std::byte> items);

}  // namespace idn::store
