#include "idn/store/hdf5_library.h"

#include <bit>

#include "idn/store/text.h"

namespace idn::store {
namespace {

static_assert(std::endian::native == std::endian::little,
              "chunks are decoded in place, as little-endian items");

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

herr_t keep_innermost(unsigned depth, const H5E_error2_t* error, void* out) {
  if (depth == 0 && error->desc != nullptr) *static_cast<const char**>(out) = error->desc;
  return 0;
}

}  // namespace

LibraryGuard::LibraryGuard() : lock_(library_mutex()) {
  // At the end of the process there is nothing of ours to flush, and after a damaged file HDF5 1.10 complains
  // there of what it could not let go of. This must come before all else.
  static const herr_t quiet = H5dont_atexit();
  static_cast<void>(quiet);
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

LibraryGuard::~LibraryGuard() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }

std::string library_reason() {
  const char* innermost = nullptr;
  if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, static_cast<void*>(&innermost)) < 0) return {};
  return innermost == nullptr ? std::string() : " (HDF5: " + printable(innermost) + ")";
}

hid_t memory_type(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return H5T_NATIVE_UINT8;
    case DType::kInt32:
      return H5T_NATIVE_INT32;
    case DType::kInt64:
      return H5T_NATIVE_INT64;
    case DType::kFloat32:
      return H5T_NATIVE_FLOAT;
    case DType::kFloat64:
      return H5T_NATIVE_DOUBLE;
  }
  return -1;
}

hid_t file_type(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return H5T_STD_U8LE;
    case DType::kInt32:
      return H5T_STD_I32LE;
    case DType::kInt64:
      return H5T_STD_I64LE;
    case DType::kFloat32:
      return H5T_IEEE_F32LE;
    case DType::kFloat64:
      return H5T_IEEE_F64LE;
  }
  return -1;
}

}  // namespace idn::store
