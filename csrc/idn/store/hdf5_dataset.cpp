#include "idn/store/hdf5_dataset.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace idn::store {
namespace {

constexpr int kMaxRank = 8;
constexpr std::size_t kMaxFilterParameters = 8;

[[noreturn]] void refuse(const std::string& why) { throw StoreError(why); }

void require(bool worked, const char* doing) {
  if (!worked) throw DamageError(std::string(doing) + " failed" + library_reason());
}

DType dtype_of(hid_t dataset) {
  const Handle type(H5Dget_type(dataset), H5Tclose);
  require(type.valid(), "reading its type");
  for (const DType dtype : {DType::kUint8, DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64}) {
    if (H5Tequal(type.id(), file_type(dtype)) > 0) return dtype;
  }
  refuse("its type is not one of little-endian uint8, int32, int64, float32 and float64");
}

std::vector<std::size_t> shape_of(hid_t dataset) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  require(space.valid(), "reading its shape");
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (H5Sget_simple_extent_type(space.id()) == H5S_NULL || rank < 0 || rank > kMaxRank) {
    refuse("it has no shape of 0 to " + std::to_string(kMaxRank) + " dimensions");
  }
  std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
  require(rank == 0 || H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr) == rank,
          "reading its shape");
  return {extent.begin(), extent.end()};
}

std::size_t bytes_of(const ArrayInfo& info, const ReadLimits& limits) {
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
  try {
    bytes = byte_count(info);
  } catch (const std::invalid_argument&) {
    refuse("it claims more bytes than memory has addresses");
  }
  if (bytes > limits.max_bytes) {
    refuse("it claims " + std::to_string(bytes) + " bytes, more than the limit of " +
           std::to_string(limits.max_bytes));
  }
  return bytes;
}

std::vector<Filter> filters_of(hid_t creation, std::size_t item_bytes) {
  const int count = H5Pget_nfilters(creation);
  require(count >= 0, "reading its filters");
  std::vector<Filter> filters;
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned parameters[kMaxFilterParameters] = {};
    std::size_t parameter_count = kMaxFilterParameters;
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &parameter_count,
                                           parameters, 0, nullptr, nullptr);
    Filter filter{};
    switch (id) {
      case H5Z_FILTER_SHUFFLE:
        filter = Filter::kShuffle;
        if (parameter_count != 1 || parameters[0] != item_bytes) refuse("its shuffle filter is damaged");
        break;
      case H5Z_FILTER_DEFLATE:
        filter = Filter::kDeflate;
        break;
      case H5Z_FILTER_FLETCHER32:
        filter = Filter::kFletcher32;
        break;
      default:
        refuse("it uses filter " + std::to_string(id) +
               "; only shuffle, deflate (gzip) and fletcher32 are read");
    }
    if (std::find(filters.begin(), filters.end(), filter) != filters.end())
      refuse("it uses one filter twice");
    filters.push_back(filter);
  }
  return filters;
}

void check_contiguous(hid_t dataset, std::size_t bytes, std::uint64_t file_bytes) {
  if (bytes == 0) return;
  const hsize_t stored = H5Dget_storage_size(dataset);
  const haddr_t offset = H5Dget_offset(dataset);
  if (stored != bytes || offset == HADDR_UNDEF || offset > file_bytes || stored > file_bytes - offset) {
    refuse("it claims " + std::to_string(bytes) + " bytes, and they are not all in the file");
  }
}

std::vector<std::size_t> chunk_of(hid_t creation, const CheckedDataset& dataset, const ReadLimits& limits) {
  const std::size_t rank = dataset.info.shape.size();
  std::vector<hsize_t> extent(rank);
  require(rank > 0 && H5Pget_chunk(creation, static_cast<int>(rank), extent.data()) == static_cast<int>(rank),
          "reading its chunk shape");
  const std::vector<std::size_t> chunk(extent.begin(), extent.end());
  if (std::find(chunk.begin(), chunk.end(), 0) != chunk.end()) refuse("its chunks are empty");
  bytes_of({dataset.info.dtype, chunk}, limits);
  return chunk;
}

/// Calls visit with the offset of each chunk, in C order.
template <typename Visit>
void for_each_chunk(const std::vector<std::size_t>& shape, const std::vector<std::size_t>& chunk,
                    Visit visit) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  std::vector<std::size_t> offset(shape.size(), 0);
  while (true) {
    visit(offset);
    std::size_t i = shape.size();
    while (i > 0) {
      // Written so that an extent near the largest number cannot wrap around.
      if (shape[i - 1] - offset[i - 1] > chunk[i - 1]) {
        offset[i - 1] += chunk[i - 1];
        break;
      }
      offset[--i] = 0;
    }
    if (i == 0) return;
  }
}

std::vector<hsize_t> as_hsize(const std::vector<std::size_t>& offset) {
  return {offset.begin(), offset.end()};
}

void check_chunks(hid_t dataset, CheckedDataset& checked, std::uint64_t file_bytes) {
  const std::size_t chunk_bytes = byte_count({checked.info.dtype, checked.chunk});
  // Whatever a filter does, it adds little to what it cannot make smaller: zlib 0.1 % and some bytes, a
  // checksum four.
  const std::size_t largest = chunk_bytes + chunk_bytes / 512 + 64;
  // And deflate makes nothing smaller than to a 1032nd (zlib's technical notes): a chunk that claims more
  // would take memory for what is not there.
  const std::size_t smallest = chunk_bytes / 1032;
  std::uint64_t total = 0;
  for_each_chunk(checked.info.shape, checked.chunk, [&](const std::vector<std::size_t>& offset) {
    hsize_t stored = 0;
    require(H5Dget_chunk_storage_size(dataset, as_hsize(offset).data(), &stored) >= 0, "finding a chunk");
    if (stored == 0) refuse("a part of it was never written, or is lost");
    total += stored;
    if (stored > largest || total > file_bytes) refuse("its chunks claim more bytes than they can have");
    if (stored + 64 < smallest) refuse("a chunk claims more bytes than its stored ones can hold");
    checked.stored_bytes.push_back(stored);
  });
}

}  // namespace

CheckedDataset check_dataset(hid_t dataset, std::uint64_t file_bytes, const ReadLimits& limits) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  require(creation.valid(), "reading its layout");
  // Before anything else: to find the shape of a virtual data set, HDF5 would open the files it is made of.
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
    refuse(layout == H5D_VIRTUAL
               ? "it is a virtual data set, which points into other files; copy the data instead"
               : "its layout is neither contiguous nor chunked");
  }
  if (H5Pget_external_count(creation.id()) != 0)
    refuse("its data lie in other files; copy them into this one");
  CheckedDataset checked;
  checked.info = {dtype_of(dataset), shape_of(dataset)};
  checked.bytes = bytes_of(checked.info, limits);
  checked.filters = filters_of(creation.id(), item_size(checked.info.dtype));
  if (layout == H5D_CONTIGUOUS) {
    if (!checked.filters.empty()) refuse("it has filters but no chunks");
    check_contiguous(dataset, checked.bytes, file_bytes);
  } else {
    checked.chunk = chunk_of(creation.id(), checked, limits);
    check_chunks(dataset, checked, file_bytes);
  }
  return checked;
}

void read_dataset(hid_t dataset, const CheckedDataset& checked, std::span<std::byte> items) {
  if (checked.bytes == 0) return;
  if (checked.chunk.empty()) {
    require(
        H5Dread(dataset, memory_type(checked.info.dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, items.data()) >= 0,
        "reading it");
    return;
  }
  const std::size_t item_bytes = item_size(checked.info.dtype);
  const std::size_t chunk_bytes = byte_count({checked.info.dtype, checked.chunk});
  std::vector<std::byte> stored;
  std::vector<std::byte> decoded;
  std::size_t next = 0;
  for_each_chunk(checked.info.shape, checked.chunk, [&](const std::vector<std::size_t>& offset) {
    stored.resize(checked.stored_bytes[next++]);
    std::uint32_t skipped = 0;
    require(H5Dread_chunk(dataset, H5P_DEFAULT, as_hsize(offset).data(), &skipped, stored.data()) >= 0,
            "reading a chunk");
    if (skipped != 0) refuse("a chunk skips its filters, which ordinary writers do not do");
    if (const char* problem = decode_chunk(stored, checked.filters, item_bytes, chunk_bytes, decoded))
      refuse(problem);
    place_chunk(decoded, checked.chunk, offset, checked.info.shape, item_bytes, items);
  });
}

}  // namespace idn::store
