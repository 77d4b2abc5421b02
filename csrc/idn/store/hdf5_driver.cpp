#include "idn/store/hdf5_driver.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

namespace idn::store {
namespace {

constexpr haddr_t kMaxAddress = static_cast<haddr_t>(std::numeric_limits<off_t>::max());

/// What HDF5 holds of an open file; H5FD_t comes first, as HDF5 asks.
struct OpenFile {
  H5FD_t base;
  std::shared_ptr<DriverFile> file;
  haddr_t end_of_allocation;
};

OpenFile* cast(H5FD_t* file) { return reinterpret_cast<OpenFile*>(file); }
const OpenFile* cast(const H5FD_t* file) { return reinterpret_cast<const OpenFile*>(file); }

bool in_file(haddr_t address, std::size_t size) {
  return address <= kMaxAddress && size <= kMaxAddress - address;
}

H5FD_t* open_file(const char* name, unsigned flags, hid_t access, haddr_t /*max_address*/) {
  const void* info = H5Pget_driver_info(access);
  if (info == nullptr || name == nullptr) return nullptr;
  const auto& file = **static_cast<const std::shared_ptr<DriverFile>* const*>(info);
  if (file->name != name || ((flags & H5F_ACC_RDWR) != 0 && !file->writable)) return nullptr;
  auto* opened = new (std::nothrow) OpenFile{};
  if (opened != nullptr) opened->file = file;
  return opened == nullptr ? nullptr : &opened->base;
}

herr_t close_file(H5FD_t* file) {
  delete cast(file);
  return 0;
}

int compare(const H5FD_t* left, const H5FD_t* right) {
  const std::less<const DriverFile*> less;
  const DriverFile* one = cast(left)->file.get();
  const DriverFile* other = cast(right)->file.get();
  return less(one, other) ? -1 : less(other, one) ? 1 : 0;
}

herr_t query(const H5FD_t* /*file*/, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_end_of_allocation(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return cast(file)->end_of_allocation;
}

herr_t set_end_of_allocation(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t address) {
  cast(file)->end_of_allocation = address;
  return 0;
}

haddr_t get_end_of_file(const H5FD_t* file, H5FD_mem_t /*type*/) { return cast(file)->file->size; }

herr_t read_bytes(H5FD_t* opened, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address, std::size_t size,
                  void* buffer) {
  DriverFile& file = *cast(opened)->file;
  if (!in_file(address, size)) return -1;
  auto* out = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t got = pread(file.descriptor, out, size, static_cast<off_t>(address));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      if (file.error == 0) file.error = errno;
      return -1;
    }
    if (got == 0) break;
    out += got;
    address += static_cast<haddr_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  // Behind the end there are zeros, as in HDF5's own driver: it reads ahead, and allocates before it writes.
  std::memset(out, 0, size);
  return 0;
}

herr_t write_bytes(H5FD_t* opened, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address, std::size_t size,
                   const void* buffer) {
  DriverFile& file = *cast(opened)->file;
  if (!in_file(address, size)) return -1;
  file.size = std::max<std::uint64_t>(file.size, address + size);
  const auto* in = static_cast<const char*>(buffer);
  while (size > 0 && file.error == 0 && !file.discard) {
    const ssize_t put = pwrite(file.descriptor, in, size, static_cast<off_t>(address));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      file.error = put < 0 ? errno : EIO;
      break;
    }
    in += put;
    address += static_cast<haddr_t>(put);
    size -= static_cast<std::size_t>(put);
  }
  return 0;
}

herr_t truncate_to_allocation(H5FD_t* opened, hid_t /*transfer*/, hbool_t /*closing*/) {
  DriverFile& file = *cast(opened)->file;
  const haddr_t end = cast(opened)->end_of_allocation;
  if (!file.writable || file.size == end) return 0;
  file.size = end;
  if (file.error == 0 && !file.discard && ftruncate(file.descriptor, static_cast<off_t>(end)) != 0) {
    file.error = errno;
  }
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
#if H5_VERSION_GE(1, 13, 0)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(611);  // in the range that HDF5 leaves to private drivers
#endif
  driver.name = "idn";
  driver.maxaddr = kMaxAddress;
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(const std::shared_ptr<DriverFile>*);
  driver.open = open_file;
  driver.close = close_file;
  driver.cmp = compare;
  driver.query = query;
  driver.get_eoa = get_end_of_allocation;
  driver.set_eoa = set_end_of_allocation;
  driver.get_eof = get_end_of_file;
  driver.read = read_bytes;
  driver.write = write_bytes;
  driver.truncate = truncate_to_allocation;
  const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), std::begin(driver.fl_map));
  return driver;
}

}  // namespace

Handle driver_access(const std::shared_ptr<DriverFile>& file) {
  static const H5FD_class_t driver = driver_class();
  static const hid_t driver_id = H5FDregister(&driver);
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const std::shared_ptr<DriverFile>* pointer = &file;
  if (driver_id < 0 || !access.valid() ||
      H5Pset_driver(access.id(), driver_id, static_cast<const void*>(&pointer)) < 0 ||
      // The formats of 1.10 have a checksum on every piece of metadata, those before it on none.
      H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
      H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG) < 0) {
    return {};
  }
  return access;
}

}  // namespace idn::store
