#pragma once

// Private to store/hdf5_*.cpp: the only header through which HDF5's own is seen.

// The library of Debian 12 is 1.10; newer ones offer its interface under this name.
#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif
#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

#include "idn/core/error.h"
#include "idn/store/hdf5.h"

namespace idn::store {

/// Held around every use of HDF5: the library knows nothing of threads, and prints errors unless told not to.
class LibraryGuard {
 public:
  LibraryGuard();
  ~LibraryGuard();
  LibraryGuard(const LibraryGuard&) = delete;
  LibraryGuard& operator=(const LibraryGuard&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// Owns an HDF5 identifier. Destroy it under a LibraryGuard.
class Handle {
 public:
  using Closer = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      id_ = std::exchange(other.id_, -1);
      closer_ = other.closer_;
    }
    return *this;
  }
  ~Handle() { close(); }

  bool valid() const { return id_ >= 0; }
  hid_t id() const { return id_; }
  bool close() {
    const hid_t id = std::exchange(id_, -1);
    return id < 0 || closer_(id) >= 0;
  }

 private:
  hid_t id_ = -1;
  Closer closer_ = nullptr;
};

/// What HDF5 says went wrong innermost, in brackets after a space; empty where it says nothing.
std::string library_reason();

/// HDF5 failed, so the file is damaged. What HDF5 keeps of it in memory may then be half loaded and is not to
/// be used again: 1.10 forgets the missing half, and lists what is left of a group without a word.
class DamageError : public StoreError {
 public:
  using StoreError::StoreError;
};

/// The item type in memory.
hid_t memory_type(DType dtype);

/// The item type in the file: always little-endian.
hid_t file_type(DType dtype);

/// Our own marks among a file's attributes.
inline constexpr const char* kFormatAttribute = "idn_format";
inline constexpr const char* kVersionAttribute = "idn_version";
inline constexpr const char* kVersion = "1";

/// More than a configuration or a list of class names needs.
inline constexpr std::size_t kMaxAttributeBytes = std::size_t{1} << 20;

}  // namespace idn::store
