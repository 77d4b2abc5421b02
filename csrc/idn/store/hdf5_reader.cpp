#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "idn/store/hdf5_dataset.h"
#include "idn/store/hdf5_driver.h"
#include "idn/store/hdf5_library.h"
#include "idn/store/text.h"

namespace idn::store {
namespace {

// Far more than any file of ours has; a circle of groups ends at them.
constexpr std::size_t kMaxObjects = 4096;
constexpr int kMaxDepth = 16;

/// HDF5 hands names to a callback, through which no exception may pass.
struct NameList {
  std::vector<std::string> names;
  bool overflow = false;

  herr_t add(const char* name) noexcept {
    try {
      overflow = overflow || names.size() >= kMaxObjects;
      if (overflow) return -1;
      names.emplace_back(name);
      return 0;
    } catch (...) {
      return -1;
    }
  }
};

herr_t add_link(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* list) {
  return static_cast<NameList*>(list)->add(name);
}

herr_t add_attribute(hid_t /*object*/, const char* name, const H5A_info_t* /*info*/, void* list) {
  return static_cast<NameList*>(list)->add(name);
}

/// Closes the descriptor with the reader.
struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

/// HDF5 looks for its signature at 0 and at every power of two from 512 on.
bool has_signature(int descriptor, std::uint64_t size) {
  constexpr std::array<unsigned char, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
  std::array<unsigned char, 8> bytes{};
  for (std::uint64_t at = 0; at + bytes.size() <= size; at = at == 0 ? 512 : at * 2) {
    if (pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
            static_cast<ssize_t>(bytes.size()) &&
        bytes == kSignature) {
      return true;
    }
  }
  return false;
}

}  // namespace

class Reader::Impl {
 public:
  Impl(const std::filesystem::path& path, ReadLimits limits) : path_(path), limits_(limits) {}

  ~Impl() {
    const LibraryGuard guard;
    file_.close();
    driver_->descriptor = -1;
  }

  /// Apart from the constructor, so that a failure in here is cleaned up by the destructor.
  void open() {
    open_descriptor();
    const LibraryGuard guard;
    driver_->descriptor = descriptor_.value;
    driver_->name = path_.string();
    const Handle access = driver_access(driver_);
    if (!access.valid()) damaged("setting up HDF5 failed");
    file_ = Handle(H5Fopen(driver_->name.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
    if (!file_.valid()) {
      fail(has_signature(descriptor_.value, driver_->size)
               ? "it is damaged, cut short, or of a newer HDF5 format than this library reads" +
                     library_reason()
               : "it is not an HDF5 file");
    }
    if (has_attribute(kFormatAttribute)) {
      format_ = marked(kFormatAttribute);
      const std::string version = has_attribute(kVersionAttribute) ? marked(kVersionAttribute) : "";
      if (version != kVersion) {
        fail("it has version " + in_quotes(version) + " of the format, and this idn reads " + kVersion);
      }
    }
  }

  const std::filesystem::path& path() const { return path_; }
  const std::string& format() const { return format_; }

  void require_format(std::string_view format) const {
    if (format_ == format) return;
    fail("it is " +
         (format_.empty() ? std::string("no file of idn") : "a file of kind " + in_quotes(format_)) +
         ", and one of kind " + in_quotes(format) + " is wanted");
  }

  std::vector<std::string> names() const {
    check_sound();
    const LibraryGuard guard;
    const Handle root = root_group();
    std::vector<std::string> found;
    std::size_t objects = 0;
    list(root, "", 0, objects, found);
    std::sort(found.begin(), found.end());
    return found;
  }

  Attributes attributes() const {
    check_sound();
    const LibraryGuard guard;
    NameList list;
    hsize_t position = 0;
    if (H5Aiterate2(file_.id(), H5_INDEX_NAME, H5_ITER_INC, &position, add_attribute, &list) < 0) {
      if (list.overflow) fail("it has too many attributes");
      damaged("its attributes cannot be listed");
    }
    Attributes found;
    for (const std::string& name : list.names) {
      if (name == kFormatAttribute || name == kVersionAttribute) continue;
      if (!is_utf8(name)) fail("the name of attribute " + in_quotes(name) + " is not UTF-8");
      std::string text;
      if (read_text(name, text)) found.emplace(name, std::move(text));
    }
    return found;
  }

  ArrayInfo info(const std::string& name) const {
    check_sound();
    const LibraryGuard guard;
    const Handle dataset = open_dataset(name);
    return check(dataset, name).info;
  }

  void read(const std::string& name, std::span<std::byte> items) {
    check_sound();
    const LibraryGuard guard;
    const Handle dataset = open_dataset(name);
    const CheckedDataset checked = check(dataset, name);
    if (items.size() != checked.bytes) {
      throw std::invalid_argument("array " + in_quotes(name) + " has " + std::to_string(checked.bytes) +
                                  " bytes, and room was given for " + std::to_string(items.size()));
    }
    if (checked.bytes > limits_.max_bytes - bytes_read_) {
      fail("its arrays together have more bytes than the limit of " + std::to_string(limits_.max_bytes));
    }
    in_array(name, [&] { read_dataset(dataset.id(), checked, items); });
    bytes_read_ += checked.bytes;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    const std::string disk =
        driver_->error == 0 ? "" : "; " + std::generic_category().message(driver_->error);
    throw StoreError("cannot read " + printable(path_.string()) + ": " + why + disk);
  }

  /// HDF5 failed: see DamageError.
  [[noreturn]] void damaged(const std::string& why) const {
    broken_ = true;
    fail(why + library_reason());
  }

  void check_sound() const {
    if (broken_) fail("it was found damaged before");
  }

  bool has_attribute(const char* name) const {
    const htri_t exists = H5Aexists(file_.id(), name);
    if (exists < 0) damaged("its attributes cannot be found");
    return exists > 0;
  }

  void open_descriptor() {
    // A pipe would be waited for without O_NONBLOCK; on a regular file it means nothing.
    descriptor_.value = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_.value < 0) fail(std::generic_category().message(errno));
    struct stat status {};
    if (fstat(descriptor_.value, &status) != 0) fail(std::generic_category().message(errno));
    if (S_ISDIR(status.st_mode)) fail("it is a directory");
    if (!S_ISREG(status.st_mode)) fail("it is not a regular file");
    driver_->size = static_cast<std::uint64_t>(status.st_size);
  }

  Handle root_group() const {
    Handle root(H5Gopen2(file_.id(), "/", H5P_DEFAULT), H5Gclose);
    if (!root.valid()) damaged("its root group cannot be opened");
    return root;
  }

  /// Opens what a link leads to, if it is a hard link: the others lead to other files, or anywhere.
  Handle open_child(const Handle& group, const std::string& child, const std::string& name) const {
    H5L_info_t link{};
    if (H5Lget_info(group.id(), child.c_str(), &link, H5P_DEFAULT) < 0) {
      damaged("link " + in_quotes(name) + " is damaged");
    }
    if (link.type != H5L_TYPE_HARD) {
      fail(in_quotes(name) +
           " is a soft or external link; only arrays in the file itself are read, so copy the data");
    }
    Handle object(H5Oopen(group.id(), child.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.valid()) damaged(in_quotes(name) + " cannot be opened");
    return object;
  }

  void list(const Handle& group, const std::string& prefix, int depth, std::size_t& objects,
            std::vector<std::string>& found) const {
    if (depth > kMaxDepth) fail("its groups are nested too deep, or in a circle");
    NameList list_of_links;
    hsize_t position = 0;
    if (H5Literate(group.id(), H5_INDEX_NAME, H5_ITER_INC, &position, add_link, &list_of_links) < 0 &&
        !list_of_links.overflow) {
      damaged("its arrays cannot be listed");
    }
    objects += list_of_links.names.size();
    if (list_of_links.overflow || objects > kMaxObjects) fail("it has too many arrays and groups");
    for (const std::string& child : list_of_links.names) {
      const std::string name = prefix + child;
      if (!is_utf8(child)) fail("the name " + in_quotes(name) + " is not UTF-8");
      const Handle object = open_child(group, child, name);
      switch (H5Iget_type(object.id())) {
        case H5I_GROUP:
          list(object, name + "/", depth + 1, objects, found);
          break;
        case H5I_DATASET:
          found.push_back(name);
          break;
        default:
          fail(in_quotes(name) + " is neither an array nor a group");
      }
    }
  }

  Handle open_dataset(const std::string& name) const {
    Handle object = root_group();
    std::size_t begin = 0;
    int depth = 0;
    while (begin <= name.size()) {
      const std::size_t end = std::min(name.find('/', begin), name.size());
      const std::string child = name.substr(begin, end - begin);
      const bool group = H5Iget_type(object.id()) == H5I_GROUP;
      if (child.empty() || child == "." || child.find('\0') != std::string::npos || ++depth > kMaxDepth + 1 ||
          !group) {
        fail("it has no array " + in_quotes(name));
      }
      const htri_t exists = H5Lexists(object.id(), child.c_str(), H5P_DEFAULT);
      if (exists < 0) damaged(in_quotes(name) + " cannot be found");
      if (exists == 0) fail("it has no array " + in_quotes(name));
      object = open_child(object, child, name.substr(0, end));
      begin = end + 1;
    }
    if (H5Iget_type(object.id()) != H5I_DATASET) fail(in_quotes(name) + " is not an array");
    return object;
  }

  CheckedDataset check(const Handle& dataset, const std::string& name) const {
    CheckedDataset checked;
    in_array(name, [&] { checked = check_dataset(dataset.id(), driver_->size, limits_); });
    return checked;
  }

  /// Puts the file's and the array's name before what went wrong inside.
  template <typename Body>
  void in_array(const std::string& name, Body body) const {
    std::string why;
    try {
      body();
      return;
    } catch (const DamageError& error) {
      broken_ = true;
      why = error.what();
    } catch (const StoreError& error) {
      why = error.what();
    }
    fail("array " + in_quotes(name) + ": " + why);
  }

  std::string marked(const std::string& name) const {
    std::string text;
    if (!read_text(name, text)) fail("attribute " + in_quotes(name) + " is not a text");
    return text;
  }

  /// Whether the attribute is a text, which is then read.
  bool read_text(const std::string& name, std::string& text) const {
    const Handle attribute(H5Aopen(file_.id(), name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!attribute.valid()) damaged("attribute " + in_quotes(name) + " cannot be opened");
    const Handle type(H5Aget_type(attribute.id()), H5Tclose);
    const Handle space(H5Aget_space(attribute.id()), H5Sclose);
    if (!type.valid() || !space.valid()) damaged("attribute " + in_quotes(name) + " is damaged");
    if (H5Tget_class(type.id()) != H5T_STRING || H5Sget_simple_extent_npoints(space.id()) != 1) return false;
    if (H5Tis_variable_str(type.id()) != 0) {
      // HDF5 1.10 copies such a text by the length it claims, whatever the length it has.
      fail("attribute " + in_quotes(name) + " is a text of variable length, which cannot be read safely; " +
           "with h5py, write numpy.bytes_(text.encode()) instead");
    }
    const std::size_t size = H5Tget_size(type.id());
    if (size == 0 || size > kMaxAttributeBytes || size > driver_->size)
      fail("attribute " + in_quotes(name) + " is damaged");
    std::string bytes(size, '\0');
    if (H5Aread(attribute.id(), type.id(), bytes.data()) < 0) {
      damaged("attribute " + in_quotes(name) + " cannot be read");
    }
    text = bytes.substr(0, bytes.find('\0'));
    if (!is_utf8(text)) fail("attribute " + in_quotes(name) + " is not UTF-8");
    return true;
  }

  std::filesystem::path path_;
  ReadLimits limits_;
  Descriptor descriptor_;
  const std::shared_ptr<DriverFile> driver_ = std::make_shared<DriverFile>();
  Handle file_;
  std::string format_;
  std::uint64_t bytes_read_ = 0;
  mutable bool broken_ = false;
};

Reader::Reader(const std::filesystem::path& path, ReadLimits limits)
    : impl_(std::make_unique<Impl>(path, limits)) {
  impl_->open();
}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

const std::filesystem::path& Reader::path() const { return impl_->path(); }
const std::string& Reader::format() const { return impl_->format(); }
void Reader::require_format(std::string_view format) const { impl_->require_format(format); }
std::vector<std::string> Reader::names() const { return impl_->names(); }
Attributes Reader::attributes() const { return impl_->attributes(); }
ArrayInfo Reader::info(const std::string& name) const { return impl_->info(name); }
void Reader::read(const std::string& name, std::span<std::byte> items) { impl_->read(name, items); }

}  // namespace idn::store
