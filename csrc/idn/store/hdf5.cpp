#include "idn/store/hdf5.h"

#include <limits>
#include <stdexcept>

namespace idn::store {

std::size_t item_size(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return 1;
    case DType::kInt32:
    case DType::kFloat32:
      return 4;
    case DType::kInt64:
    case DType::kFloat64:
      return 8;
  }
  throw std::invalid_argument("unknown DType " + std::to_string(static_cast<int>(dtype)));
}

std::string_view dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return "uint8";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
  }
  throw std::invalid_argument("unknown DType " + std::to_string(static_cast<int>(dtype)));
}

std::size_t byte_count(const ArrayInfo& info) {
  std::size_t bytes = item_size(info.dtype);
  for (const std::size_t extent : info.shape) {
    if (extent == 0) return 0;
  }
  for (const std::size_t extent : info.shape) {
    if (bytes > std::numeric_limits<std::size_t>::max() / extent) {
      throw std::invalid_argument("an array of more bytes than memory has addresses");
    }
    bytes *= extent;
  }
  return bytes;
}

}  // namespace idn::store
