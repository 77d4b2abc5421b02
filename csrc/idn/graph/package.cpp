#include "idn/graph/package.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "idn/core/error.h"
#include "idn/core/printable.h"
#include "idn/graph/operators/rules.h"

namespace idn::graph {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::string_view kGraph = "idn.graph";

struct Tensor {
  TensorType type;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

using Tensors = std::map<std::string, Tensor, std::less<>>;

std::uint64_t size_in_bytes(const TensorType& type) {
  return static_cast<std::uint64_t>(
      rules::times(rules::count(type.shape, 0), static_cast<std::int64_t>(size_of(type.dtype))));
}

// The order in the file: wide types first, so that every tensor lies at a multiple of its element.
template <class Named>
void in_file_order(std::vector<Named>& named) {
  std::ranges::sort(named, {}, [](const Named& one) {
    return std::pair(-static_cast<int>(size_of(one.type.dtype)), one.name);
  });
}

struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(std::string reason, std::size_t position = 0) {
  throw Refused{{position, std::move(reason)}};
}

std::uint64_t offset(const Json& json, const std::string& name) {
  if (!json.is_number_unsigned()) refuse("tensor '" + name + "' has an offset that is no number");
  return json.get<std::uint64_t>();
}

Tensor read_tensor(const std::string& name, const Json& json) {
  const bool whole = json.is_object() && json.size() == 3 && json.contains("dtype") &&
                     json.contains("shape") && json.contains("data_offsets") && json["dtype"].is_string() &&
                     json["shape"].is_array() && json["shape"].size() <= 8 &&
                     json["data_offsets"].is_array() && json["data_offsets"].size() == 2;
  if (!whole)
    refuse("tensor '" + name + "' has not exactly a dtype, a shape of up to 8 sizes and two data_offsets");
  Tensor tensor;
  const auto type = dtype(json["dtype"].get_ref<const std::string&>());
  if (!type) refuse("tensor '" + name + "' is of a type that is not spoken here");
  tensor.type.dtype = *type;
  for (const Json& size : json["shape"]) {
    if (!size.is_number_unsigned() ||
        size.get<std::uint64_t>() >= static_cast<std::uint64_t>(Dimension::kMax)) {
      refuse("tensor '" + name + "' has a size out of range");
    }
    tensor.type.shape.emplace_back(size.get<std::int64_t>());
  }
  if (!elements(tensor.type.shape)) refuse("tensor '" + name + "' has too many elements");
  tensor.begin = offset(json["data_offsets"][0], name);
  tensor.end = offset(json["data_offsets"][1], name);
  return tensor;
}

struct Header {
  Tensors tensors;
  std::string graph;
};

Header read_header(std::string_view text) {
  const Json json = Json::parse(text);
  if (!json.is_object()) refuse("the header is no object", kLengthBytes);
  Header header;
  for (const auto& [name, value] : json.items()) {
    if (name != kMetadata) {
      header.tensors.emplace(name, read_tensor(name, value));
      continue;
    }
    const bool alone = value.is_object() && value.size() == 1 && value.contains(kGraph) &&
                       value[std::string(kGraph)].is_string();
    if (!alone) refuse("the metadata hold not exactly the text 'idn.graph': this is no package of idn");
    header.graph = value[std::string(kGraph)].get<std::string>();
  }
  if (header.graph.empty()) refuse("there is no 'idn.graph' in the header: this is no package of idn");
  return header;
}

// Without holes or overlaps, in the one order, and the file ends where the last does.
void check_places(const Tensors& tensors, std::uint64_t data_bytes) {
  struct Place {
    std::string name;
    TensorType type;
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::vector<Place> places;
  for (const auto& [name, tensor] : tensors) places.push_back({name, tensor.type, tensor.begin, tensor.end});
  in_file_order(places);
  std::uint64_t at = 0;
  for (const Place& place : places) {
    const std::uint64_t size = size_in_bytes(place.type);
    if (place.begin != at || place.end < place.begin || place.end - place.begin != size) {
      refuse("tensor '" + place.name + "' lies from " + std::to_string(place.begin) + " to " +
             std::to_string(place.end) + ", expected from " + std::to_string(at) + " to " +
             std::to_string(at + size));
    }
    at = place.end;
  }
  if (at != data_bytes) {
    refuse("the tensors take " + std::to_string(at) + " bytes, and " + std::to_string(data_bytes) +
           " follow the header");
  }
}

// A byte that is neither 0 nor 1 is no bool to a compiler, which may do with it what it likes.
void check_bools(const Tensors& tensors, ByteView data) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.type.dtype != DType::kBool) continue;
    const ByteView its = data.subspan(tensor.begin, tensor.end - tensor.begin);
    const auto wrong = std::ranges::find_if(its, [](std::uint8_t byte) { return byte > 1; });
    if (wrong == its.end()) continue;
    refuse("tensor '" + name + "' holds a bool that is " + std::to_string(int{*wrong}) + ", neither 0 nor 1");
  }
}

std::string header_of(const Model& model) {
  std::vector<Constant> constants = model.graph.constants();
  in_file_order(constants);
  Json header{{std::string(kMetadata), {{std::string(kGraph), to_json(model)}}}};
  std::uint64_t at = 0;
  for (const Constant& constant : constants) {
    Json sizes = Json::array();
    for (const Dimension& size : constant.type.shape) sizes.push_back(size.fixed);
    const std::uint64_t end = at + size_in_bytes(constant.type);
    header[constant.name] = {
        {"dtype", to_string(constant.type.dtype)}, {"shape", sizes}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

}  // namespace

// Either mapped or kept.
struct Package::Content {
  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() {
    if (mapped != nullptr) munmap(mapped, size);
  }

  [[nodiscard]] ByteView view() const {
    return mapped == nullptr ? ByteView(kept) : ByteView(static_cast<const std::uint8_t*>(mapped), size);
  }

  Bytes kept;
  void* mapped = nullptr;
  std::size_t size = 0;
  std::size_t data = 0;  // where the tensors begin
  Tensors tensors;
  Model model;
};

Result<Package> Package::read(std::shared_ptr<Content> content, const Limits& limits) {
  const ByteView bytes = content->view();
  if (bytes.size() > limits.file_bytes)
    return Problem{0, "the file is above the limit of " + std::to_string(limits.file_bytes) + " bytes"};
  if (bytes.size() < kLengthBytes)
    return Problem{bytes.size(), "the file is cut off in the length of its header"};
  std::uint64_t length = 0;
  for (std::size_t index = kLengthBytes; index-- > 0;) length = length << 8 | bytes[index];
  if (length > limits.header_bytes)
    return Problem{0, "the header is above the limit of " + std::to_string(limits.header_bytes) + " bytes"};
  if (length > bytes.size() - kLengthBytes) return Problem{bytes.size(), "the file is cut off in its header"};
  const std::string_view text = text_of(bytes.subspan(kLengthBytes, length));
  try {
    Header header = read_header(text);
    content->data = kLengthBytes + length;
    check_places(header.tensors, bytes.size() - content->data);
    check_bools(header.tensors, bytes.subspan(content->data));
    std::map<std::string, TensorType, std::less<>> types;
    for (const auto& [name, tensor] : header.tensors) types.emplace(name, tensor.type);
    auto model = model_from_json(header.graph, types);
    // Where the text of the graph is no JSON, its own bytes were counted, not the file's.
    if (!model) return Problem{model.problem().position == 0 ? 0 : kLengthBytes, model.problem().reason};
    content->tensors = std::move(header.tensors);
    content->model = std::move(model).value();
    if (header_of(content->model) != text)
      return Problem{kLengthBytes, "the header is not in its canonical form"};
    if (std::string wrong = over_limits(content->model.graph, limits, limits.batch); !wrong.empty())
      refuse(wrong);
  } catch (const Json::parse_error& error) {
    return Problem{kLengthBytes + std::min(error.byte, text.size()), "the header is no JSON"};
  } catch (const Json::exception&) {
    return Problem{kLengthBytes, "the header holds a text that is not UTF-8 or a number out of range"};
  } catch (const Refused& refused) {
    return Problem{refused.problem.position, printable(refused.problem.reason)};
  }
  return Package(std::move(content));
}

Result<Package> Package::from_bytes(Bytes bytes, const Limits& limits) {
  auto content = std::make_shared<Content>();
  content->kept = std::move(bytes);
  return read(std::move(content), limits);
}

Result<Package> Package::open(const std::string& path, const Limits& limits) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is not waited for
  if (file < 0) throw StoreError(path + " cannot be opened: " + std::strerror(errno) + ".");
  struct stat status {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    throw StoreError(path + " is no regular file.");
  }
  auto content = std::make_shared<Content>();
  content->size = static_cast<std::size_t>(status.st_size);
  void* mapped = content->size == 0 ? nullptr : mmap(nullptr, content->size, PROT_READ, MAP_PRIVATE, file, 0);
  const int reason = errno;
  ::close(file);
  if (mapped == MAP_FAILED) throw StoreError(path + " cannot be mapped: " + std::strerror(reason) + ".");
  content->mapped = mapped;
  return read(std::move(content), limits);
}

const Model& Package::model() const { return content_->model; }

ByteView Package::bytes() const { return content_->view(); }

ByteView Package::tensor(const Constant& constant) const {
  const Tensor& found = content_->tensors.find(constant.name)->second;
  return content_->view().subspan(content_->data + found.begin, found.end - found.begin);
}

Bytes to_package(const Model& model, const std::function<ByteView(const Constant&)>& tensor) {
  const std::string header = header_of(model);
  Bytes bytes;
  for (std::uint64_t length = header.size(), index = 0; index < kLengthBytes; ++index, length >>= 8) {
    bytes.push_back(static_cast<std::uint8_t>(length));
  }
  const ByteView text = bytes_of(header);
  bytes.insert(bytes.end(), text.begin(), text.end());
  std::vector<Constant> constants = model.graph.constants();
  in_file_order(constants);
  for (const Constant& constant : constants) {
    const ByteView content = tensor(constant);
    if (content.size() != size_in_bytes(constant.type)) {
      throw std::invalid_argument("package: tensor '" + constant.name + "' has " +
                                  std::to_string(content.size()) + " bytes, expected " +
                                  std::to_string(size_in_bytes(constant.type)) + " of " +
                                  constant.type.text() + ".");
    }
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  return bytes;
}

}  // namespace idn::graph
