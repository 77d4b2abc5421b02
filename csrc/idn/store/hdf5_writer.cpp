#include <algorithm>
#include <set>
#include <stdexcept>
#include <system_error>

#include "idn/core/error.h"
#include "idn/store/chunk.h"
#include "idn/store/hdf5_driver.h"
#include "idn/store/hdf5_library.h"
#include "idn/store/replacement_file.h"
#include "idn/store/text.h"

namespace idn::store {
namespace {

constexpr unsigned kDeflateLevel = 4;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxRank = 8;

void check_name(const std::string& name) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxNameBytes || !is_utf8(part) ||
        part.find('\0') != std::string_view::npos) {
      throw std::invalid_argument(
          "array name " + in_quotes(name) +
          " is not accepted; give words of UTF-8 with a single / between group and array, "
          "such as 'test/logits'");
    }
    if (end == name.size()) return;
    begin = end + 1;
  }
}

void check_array(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items) {
  check_name(name);
  if (info.shape.empty() || info.shape.size() > kMaxRank) {
    throw std::invalid_argument("array " + in_quotes(name) + " has " + std::to_string(info.shape.size()) +
                                " dimensions; 1 to 8 can be stored (a scalar as shape (1,))");
  }
  if (const std::size_t bytes = byte_count(info); bytes != items.size()) {
    throw std::invalid_argument("array " + in_quotes(name) + " of " + std::to_string(bytes) +
                                " bytes was given " + std::to_string(items.size()) + " bytes");
  }
}

void check_attribute(const std::string& name, const std::string& text) {
  const bool ours = name == kFormatAttribute || name == kVersionAttribute;
  if (ours || name.empty() || name.size() > kMaxNameBytes || !is_utf8(name) ||
      name.find('\0') != std::string::npos) {
    throw std::invalid_argument("attribute name " + in_quotes(name) +
                                " is not accepted; give 1 to 255 bytes of UTF-8, " +
                                "not idn_format or idn_version");
  }
  if (text.size() > kMaxAttributeBytes || !is_utf8(text) || text.find('\0') != std::string::npos) {
    throw std::invalid_argument("attribute " + in_quotes(name) +
                                " is not accepted; give UTF-8 without a NUL, at most 1 MiB");
  }
}

std::vector<hsize_t> dimensions(const std::vector<std::size_t>& shape) {
  return {shape.begin(), shape.end()};
}

}  // namespace

class Writer::Impl {
 public:
  explicit Impl(const std::filesystem::path& path) : path_(path), replacement_(path) {}

  /// Apart from the constructor, so that a failure in here is cleaned up by the destructor.
  void open(std::string_view format, const Attributes& attributes) {
    for (const auto& [name, text] : attributes) check_attribute(name, text);
    driver_->descriptor = replacement_.descriptor();
    driver_->writable = true;
    driver_->name = path_.string();
    const LibraryGuard guard;
    const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
    require(creation.valid() && H5Pset_obj_track_times(creation.id(), false) >= 0, "setting up");
    const Handle access = driver_access(driver_);
    require(access.valid(), "setting up");
    file_ = Handle(H5Fcreate(driver_->name.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose);
    require(file_.valid(), "creating the file");
    write_attribute(kFormatAttribute, std::string(format));
    write_attribute(kVersionAttribute, kVersion);
    for (const auto& [name, text] : attributes) write_attribute(name, text);
  }

  ~Impl() {
    const LibraryGuard guard;
    driver_->discard = true;
    close();
    driver_->descriptor = -1;
  }

  void write(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items) {
    check_sound();
    check_array(name, info, items);
    const LibraryGuard guard;
    const Handle dataset = create(name, info, false);
    put(dataset, name, info, H5S_ALL, H5S_ALL, items);
  }

  void append(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items) {
    check_sound();
    check_array(name, info, items);
    const LibraryGuard guard;
    Growing& array = growing(name, info);
    const hsize_t before = array.rows;
    std::vector<hsize_t> extent = dimensions(info.shape);
    std::vector<hsize_t> start(extent.size(), 0);
    const std::vector<hsize_t> count = extent;
    if (count[0] == 0) return;
    start[0] = before;
    extent[0] += before;
    require(H5Dset_extent(array.dataset.id(), extent.data()) >= 0, "extending " + in_quotes(name));
    array.rows = extent[0];
    const Handle space(H5Dget_space(array.dataset.id()), H5Sclose);
    require(space.valid() && H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr,
                                                 count.data(), nullptr) >= 0,
            "extending " + in_quotes(name));
    const Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
    require(memory.valid(), "extending " + in_quotes(name));
    put(array.dataset, name, info, memory.id(), space.id(), items);
  }

  void commit() {
    check_sound();
    {
      const LibraryGuard guard;
      require(close(), "closing");
    }
    require_disk();
    replacement_.commit();
  }

 private:
  struct Growing {
    Handle dataset;
    ArrayInfo info;
    hsize_t rows = 0;
  };

  void check_sound() const {
    if (failed_) throw StoreError("cannot write " + printable(path_.string()) + ": an earlier write failed");
  }

  /// After a failure nothing more is written, so that what was reported stays true.
  [[noreturn]] void fail(const std::string& why) {
    failed_ = true;
    driver_->discard = true;
    throw StoreError("cannot write " + printable(path_.string()) + ": " + why);
  }

  void require_disk() {
    if (driver_->error != 0) fail(std::generic_category().message(driver_->error));
  }

  void require(bool worked, const std::string& doing) {
    require_disk();
    if (!worked) fail(doing + " failed" + library_reason());
  }

  bool close() {
    // Every data set flushes its last chunk as it closes; all are closed, whatever happens to one.
    bool worked = true;
    for (auto& [name, array] : growing_) worked = array.dataset.close() && worked;
    growing_.clear();
    return file_.close() && worked;
  }

  void write_attribute(const std::string& name, const std::string& text) {
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    // An HDF5 string has one byte at least; the padding does not count.
    require(type.valid() && H5Tset_size(type.id(), std::max<std::size_t>(1, text.size())) >= 0 &&
                H5Tset_cset(type.id(), H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type.id(), H5T_STR_NULLPAD) >= 0,
            "attribute " + in_quotes(name));
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle creation(H5Pcreate(H5P_ATTRIBUTE_CREATE), H5Pclose);
    require(space.valid() && creation.valid() && H5Pset_char_encoding(creation.id(), H5T_CSET_UTF8) >= 0,
            "attribute " + in_quotes(name));
    const Handle attribute(
        H5Acreate2(file_.id(), name.c_str(), type.id(), space.id(), creation.id(), H5P_DEFAULT), H5Aclose);
    require(attribute.valid(), "attribute " + in_quotes(name));
    require(H5Awrite(attribute.id(), type.id(), text.c_str()) >= 0, "attribute " + in_quotes(name));
  }

  /// A name serves once, either for an array or for a group of arrays.
  void claim(const std::string& name) {
    if (names_.contains(name))
      throw std::invalid_argument("array " + in_quotes(name) + " was written already");
    const auto below = names_.lower_bound(name + "/");
    bool clash = below != names_.end() && below->starts_with(name + "/");
    for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      clash = clash || names_.contains(name.substr(0, at));
    }
    if (clash) {
      throw std::invalid_argument("array name " + in_quotes(name) +
                                  " clashes with an array or a group of arrays " + "written before it");
    }
    names_.insert(name);
  }

  /// Not left to HDF5, whose groups made on the way to an array would carry the time.
  void create_groups(const std::string& name, hid_t links) {
    const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
    require(creation.valid() && H5Pset_obj_track_times(creation.id(), false) >= 0, "setting up");
    for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      const std::string group = name.substr(0, at);
      if (!groups_.insert(group).second) continue;
      const Handle created(H5Gcreate2(file_.id(), group.c_str(), links, creation.id(), H5P_DEFAULT),
                           H5Gclose);
      require(created.valid(), "group " + in_quotes(group));
    }
  }

  Handle create(const std::string& name, const ArrayInfo& info, bool growing) {
    claim(name);
    std::vector<hsize_t> current = dimensions(info.shape);
    std::vector<hsize_t> largest = current;
    if (growing) {
      current[0] = 0;
      largest[0] = H5S_UNLIMITED;
    }
    const std::string doing = "array " + in_quotes(name);
    const Handle space(H5Screate_simple(static_cast<int>(current.size()), current.data(), largest.data()),
                       H5Sclose);
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    require(space.valid() && links.valid() && creation.valid() &&
                H5Pset_char_encoding(links.id(), H5T_CSET_UTF8) >= 0 &&
                H5Pset_obj_track_times(creation.id(), false) >= 0,
            doing);
    create_groups(name, links.id());
    // An array without items has no chunk to filter.
    if (growing || byte_count(info) > 0) {
      const auto chunk = dimensions(chunk_shape(info.shape, item_size(info.dtype), growing));
      require(H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data()) >= 0 &&
                  H5Pset_shuffle(creation.id()) >= 0 && H5Pset_deflate(creation.id(), kDeflateLevel) >= 0 &&
                  H5Pset_fletcher32(creation.id()) >= 0,
              doing);
    }
    Handle dataset(H5Dcreate2(file_.id(), name.c_str(), file_type(info.dtype), space.id(), links.id(),
                              creation.id(), H5P_DEFAULT),
                   H5Dclose);
    require(dataset.valid(), doing);
    return dataset;
  }

  Growing& growing(const std::string& name, const ArrayInfo& info) {
    const auto found = growing_.find(name);
    if (found == growing_.end()) {
      if (std::find(info.shape.begin() + 1, info.shape.end(), 0) != info.shape.end()) {
        throw std::invalid_argument("rows of array " + in_quotes(name) + " hold no items");
      }
      Growing array{create(name, info, true), info, 0};
      return growing_.emplace(name, std::move(array)).first->second;
    }
    const ArrayInfo& first = found->second.info;
    if (first.dtype != info.dtype ||
        !std::equal(first.shape.begin() + 1, first.shape.end(), info.shape.begin() + 1, info.shape.end())) {
      throw std::invalid_argument("rows appended to array " + in_quotes(name) +
                                  " have another shape or type than those before");
    }
    return found->second;
  }

  void put(const Handle& dataset, const std::string& name, const ArrayInfo& info, hid_t memory, hid_t space,
           std::span<const std::byte> items) {
    if (items.empty()) return;
    require(H5Dwrite(dataset.id(), memory_type(info.dtype), memory, space, H5P_DEFAULT, items.data()) >= 0,
            "writing array " + in_quotes(name));
  }

  std::filesystem::path path_;
  ReplacementFile replacement_;
  const std::shared_ptr<DriverFile> driver_ = std::make_shared<DriverFile>();
  Handle file_;
  std::set<std::string> names_;
  std::set<std::string> groups_;
  std::map<std::string, Growing> growing_;
  bool failed_ = false;
};

Writer::Writer(const std::filesystem::path& path, std::string_view format, const Attributes& attributes)
    : impl_(std::make_unique<Impl>(path)) {
  impl_->open(format, attributes);
}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

void Writer::write(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items) {
  open_impl().write(name, info, items);
}

void Writer::append(const std::string& name, const ArrayInfo& info, std::span<const std::byte> items) {
  open_impl().append(name, info, items);
}

void Writer::commit() {
  open_impl().commit();
  impl_.reset();
}

void Writer::discard() { impl_.reset(); }

Writer::Impl& Writer::open_impl() {
  if (!impl_) throw std::invalid_argument("this writer is closed; open a new one");
  return *impl_;
}

}  // namespace idn::store
