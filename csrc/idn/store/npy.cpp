#include "idn/store/npy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "idn/core/error.h"
#include "idn/store/replacement_file.h"
#include "idn/store/text.h"

namespace idn::store {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionAt = 6;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kMostHeader = 1 << 16;  // numpy itself reads no more than 10000 bytes
constexpr std::size_t kMostAxes = 32;         // numpy's own limit for long
constexpr std::size_t kAlignment = 64;
constexpr std::uint64_t kMostItems = std::uint64_t{1} << 59U;

struct Known {
  NpyType type;
  std::string_view name;
  std::string_view descr;
  std::size_t size;
};

// A word of the header for a message, which has more to say than a long one.
std::string shown(std::string_view word) {
  constexpr std::size_t kMost = 60;
  return in_quotes(word.substr(0, kMost)).append(word.size() > kMost ? "…" : "");
}

// In the order of the enumeration.
constexpr std::array kKnown{
    Known{NpyType::kFloat32, "float32", "<f4", 4}, Known{NpyType::kFloat16, "float16", "<f2", 2},
    Known{NpyType::kInt64, "int64", "<i8", 8},     Known{NpyType::kInt32, "int32", "<i4", 4},
    Known{NpyType::kUint8, "uint8", "|u1", 1},     Known{NpyType::kBool, "bool", "|b1", 1}};

const Known& known(NpyType type) { return kKnown.at(static_cast<std::size_t>(type)); }

// What is wrong is thrown inside this file alone.
struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(std::size_t position, std::string reason) {
  throw Refused{{position, std::move(reason)}};
}

// How many items there are; nothing beyond what can be counted.
std::optional<std::uint64_t> items(const std::vector<std::int64_t>& shape) {
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::uint64_t product = 1;
  for (const std::int64_t size : shape) {
    if (static_cast<std::uint64_t>(size) > kMostItems / product) return std::nullopt;
    product *= static_cast<std::uint64_t>(size);
  }
  return product;
}

// The header's one line: a dictionary as Python prints it, of three keys in any order, then spaces.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::size_t begins) : text_(text), begins_(begins) {}

  NpyInfo read() {
    expect('{');
    while (!next_is('}')) {
      const std::size_t at = place();
      const std::string_view key = word();
      expect(':');
      if (key == "descr" && !type_) {
        type_ = type();
      } else if (key == "fortran_order" && !order_) {
        order_ = order();
      } else if (key == "shape" && !shape_) {
        shape_ = shape();
      } else {
        refuse(at, shown(key) + " is not one of descr, fortran_order and shape, each once");
      }
      if (!next_is(',') && peek() != '}') refuse(place(), "expected ',' or '}' in the header");
    }
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    if (at_ < text_.size()) refuse(place(), "something follows the dictionary of the header");
    if (!type_ || !order_ || !shape_)
      refuse(place(), "the header lacks one of descr, fortran_order and shape");
    return {*type_, *std::move(shape_)};
  }

 private:
  [[nodiscard]] std::size_t place() const { return begins_ + at_; }

  // The next character that is no space, or 0 at the end.
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool next_is(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted) {
    if (!next_is(wanted))
      refuse(place(), std::string("expected '").append(1, wanted).append("' in the header"));
  }

  // A text between quotes, without escapes: none of those that are known needs one.
  std::string_view word() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') refuse(place(), "expected a text between quotes in the header");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) refuse(place(), "a text of the header has no end");
    const std::string_view found = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return found;
  }

  NpyType type() {
    const std::size_t at = (peek(), place());
    if (peek() == '[') refuse(at, "the items are of several fields, expected plain numbers");
    const std::string_view descr = word();
    for (const Known& one : kKnown) {
      if (one.descr == descr) return one.type;
    }
    if (descr.starts_with('>'))
      refuse(at, "the items are " + shown(descr) + ", big-endian; expected little-endian ones");
    std::string names;
    for (const Known& one : kKnown) names.append(names.empty() ? "" : ", ").append(one.name);
    refuse(at,
           "the items are " + shown(descr) + ", expected one of " + names + "; convert with array.astype");
  }

  bool order() {
    const std::size_t at = (peek(), place());
    if (text_.substr(at_).starts_with("False")) {
      at_ += 5;
      return false;
    }
    if (!text_.substr(at_).starts_with("True")) refuse(at, "fortran_order is neither True nor False");
    refuse(at, "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
  }

  std::int64_t size() {
    const std::size_t at = place();
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++digits) {
      if (value > kMostItems) refuse(at, "a size of the shape is out of range");
      value = 10 * value + static_cast<std::uint64_t>(text_[at_] - '0');
    }
    if (digits == 0) refuse(at, "expected a whole number in the shape");
    if (value > kMostItems) refuse(at, "a size of the shape is out of range");
    return static_cast<std::int64_t>(value);
  }

  std::vector<std::int64_t> shape() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!next_is(')')) {
      (void)peek();
      if (sizes.size() == kMostAxes) refuse(place(), "the shape has more than 32 sizes");
      sizes.push_back(size());
      const bool comma = next_is(',');
      if (!comma && (sizes.size() == 1 || peek() != ')')) refuse(place(), "expected ',' in the shape");
    }
    return sizes;
  }

  std::string_view text_;
  std::size_t begins_;
  std::size_t at_ = 0;
  std::optional<NpyType> type_;
  std::optional<bool> order_;
  std::optional<std::vector<std::int64_t>> shape_;
};

struct Header {
  NpyInfo info;
  std::size_t end = 0;  // where the items begin
};

// From as many bytes of the file as a header may have, or all; `size` is the file's.
Header header(ByteView bytes, std::uint64_t size) {
  const std::string_view text = text_of(bytes);
  if (!text.starts_with(kMagic)) refuse(0, "it does not begin as a .npy file does");
  if (bytes.size() < kLengthAt) refuse(bytes.size(), "the file is cut off in its header");
  const int major = bytes[kVersionAt];
  if (major < 1 || major > 3 || bytes[kVersionAt + 1] != 0) {
    refuse(kVersionAt, "format " + std::to_string(major) + "." + std::to_string(int{bytes[kVersionAt + 1]}) +
                           " is not known, only 1.0 to 3.0");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t begins = kLengthAt + length_bytes;
  if (bytes.size() < begins) refuse(bytes.size(), "the file is cut off in its header");
  std::size_t length = 0;
  for (std::size_t k = length_bytes; k-- > 0;) length = length << 8U | bytes[kLengthAt + k];
  if (length > kMostHeader) refuse(kLengthAt, "the header has more than 65536 bytes");
  if (length > bytes.size() - begins) refuse(bytes.size(), "the file is cut off in its header");
  Header found{HeaderParser(text.substr(begins, length), begins).read(), begins + length};
  const auto count = items(found.info.shape);
  if (!count) refuse(begins, "the shape has more items than can be counted");
  const std::uint64_t wanted = *count * size_of(found.info.type);
  if (wanted != size - found.end) {
    refuse(found.end, "the array takes " + std::to_string(wanted) + " bytes, and " +
                          std::to_string(size - found.end) + " follow the header");
  }
  return found;
}

void check_items(const NpyInfo& info, ByteView data, std::size_t begins) {
  if (info.type != NpyType::kBool) return;
  const auto wrong = std::ranges::find_if(data, [](std::uint8_t item) { return item > 1; });
  if (wrong != data.end()) {
    refuse(begins + static_cast<std::size_t>(wrong - data.begin()),
           "a bool is " + std::to_string(int{*wrong}) + ", neither 0 nor 1");
  }
}

void check_limit(const NpyInfo& info, std::uint64_t most_bytes) {
  if (info.bytes() > most_bytes) {
    refuse(0, "the array takes " + std::to_string(info.bytes()) + " bytes, above the limit of " +
                  std::to_string(most_bytes));
  }
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* verb, const std::string& why) {
  throw StoreError(std::string("cannot ").append(verb) + " " + printable(path.string()) + ": " + why);
}

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), number_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (number_ < 0) fail(path, "read", std::generic_category().message(errno));
    struct stat status {};
    if (fstat(number_, &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = static_cast<std::uint64_t>(status.st_size);
      return;
    }
    close(number_);
    fail(path, "read", "it is no regular file");
  }
  ~File() { close(number_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::uint64_t size() const { return size_; }

  // Fills the bytes; a file that was cut since it was opened is refused.
  void read(std::uint64_t at, std::span<std::uint8_t> bytes) const {
    while (!bytes.empty()) {
      const ssize_t got = pread(number_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(path_, "read", std::generic_category().message(errno));
      if (got == 0) refuse(at, "the file was cut off while it was read");
      at += static_cast<std::uint64_t>(got);
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }

 private:
  std::filesystem::path path_;
  int number_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::string_view to_string(NpyType type) { return known(type).name; }

std::size_t size_of(NpyType type) { return known(type).size; }

std::uint64_t NpyInfo::bytes() const { return items(shape).value_or(kMostItems) * size_of(type); }

struct NpyReader::Opened {
  explicit Opened(const std::filesystem::path& path) : file(path) {
    constexpr std::uint64_t kMostBefore = kLengthAt + 4 + kMostHeader;
    Bytes before(std::min(file.size(), kMostBefore));
    file.read(0, before);
    header = store::header(before, file.size());
  }

  File file;
  Header header;
};

Result<NpyReader> NpyReader::open(const std::filesystem::path& path) {
  try {
    return NpyReader(std::make_shared<const Opened>(path));
  } catch (const Refused& refused) {
    return refused.problem;
  }
}

const NpyInfo& NpyReader::info() const { return opened_->header.info; }

std::optional<Problem> NpyReader::read(std::uint64_t byte, std::span<std::uint8_t> part) const {
  const std::uint64_t all = info().bytes();
  if (byte > all || part.size() > all - byte) {
    throw std::invalid_argument("npy: " + std::to_string(part.size()) + " bytes from " +
                                std::to_string(byte) + " on were asked of an array of " +
                                std::to_string(all) + ".");
  }
  try {
    const std::uint64_t begins = opened_->header.end + byte;
    opened_->file.read(begins, part);
    check_items(info(), part, begins);
    return std::nullopt;
  } catch (const Refused& refused) {
    return refused.problem;
  }
}

Result<NpyArray> read_npy(const std::filesystem::path& path, std::uint64_t most_bytes) {
  const Result<NpyReader> reader = NpyReader::open(path);
  if (!reader) return reader.problem();
  try {
    check_limit(reader->info(), most_bytes);
  } catch (const Refused& refused) {
    return refused.problem;
  }
  NpyArray array{reader->info(), Bytes(reader->info().bytes())};
  if (auto problem = reader->read(0, array.data)) return *std::move(problem);
  return array;
}

Result<NpyArray> npy_from_bytes(ByteView bytes, std::uint64_t most_bytes) {
  try {
    const Header found = header(bytes, bytes.size());
    check_limit(found.info, most_bytes);
    const ByteView data = bytes.subspan(found.end);
    check_items(found.info, data, found.end);
    return NpyArray{found.info, Bytes(data.begin(), data.end())};
  } catch (const Refused& refused) {
    return refused.problem;
  }
}

Bytes npy_header(const NpyInfo& info) {
  std::string sizes;
  for (const std::int64_t size : info.shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
  if (info.shape.size() == 1) sizes += ",";
  std::string text = "{'descr': '" + std::string(known(info.type).descr) +
                     "', 'fortran_order': False, 'shape': (" + sizes + "), }";
  const std::size_t before = kLengthAt + 2;
  text.append(kAlignment - 1 - (before + text.size()) % kAlignment, ' ').append("\n");
  std::string whole(kMagic);
  whole.append(
      {'\x01', '\x00', static_cast<char>(text.size() & 0xFFU), static_cast<char>(text.size() >> 8U)});
  const ByteView bytes = bytes_of(whole.append(text));
  return {bytes.begin(), bytes.end()};
}

void write_npy(const std::filesystem::path& path, const NpyInfo& info, ByteView data) {
  const bool right = info.shape.size() <= kMostAxes &&
                     std::ranges::none_of(info.shape, [](std::int64_t size) { return size < 0; }) &&
                     items(info.shape);
  if (!right) throw std::invalid_argument("npy: the shape has more than 32 sizes, or one out of range.");
  if (data.size() != info.bytes()) {
    throw std::invalid_argument("npy: " + std::to_string(data.size()) + " bytes for a shape of " +
                                std::to_string(info.bytes()) + "; give all items, row by row.");
  }
  try {
    check_items(info, data, 0);
  } catch (const Refused& refused) {
    throw std::invalid_argument("npy: " + refused.problem.reason + ".");
  }
  ReplacementFile file(path);
  const Bytes first = npy_header(info);
  for (ByteView rest : {ByteView(first), data}) {
    while (!rest.empty()) {
      const ssize_t put = ::write(file.descriptor(), rest.data(), rest.size());
      if (put < 0 && errno != EINTR) fail(path, "write", std::generic_category().message(errno));
      if (put > 0) rest = rest.subspan(static_cast<std::size_t>(put));
    }
  }
  file.commit();
}

}  // namespace idn::store
