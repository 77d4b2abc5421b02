#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/graph/limits.h"
#include "idn/graph/model.h"

namespace idn::graph {

/// A model as data: one safetensors file whose header holds the graph as a JSON string.
///
/// What is opened has passed every check: the header's form, each tensor's place, the graph, the limits. The
/// file is mapped, not read, so the tensors cost memory only when they are used; a file that somebody cuts
/// short while it is mapped stops the process, as with every mapped file: keep packages where nobody writes.
class Package {
 public:
  /// Opens a file; a StoreError where it can't be read, a problem where it is no package.
  static Result<Package> open(const std::string& path, const Limits& limits = {});

  /// Reads bytes that are kept.
  static Result<Package> from_bytes(Bytes bytes, const Limits& limits = {});

  [[nodiscard]] const Model& model() const;
  [[nodiscard]] const Graph& graph() const { return model().graph; }

  /// The bytes of a constant, little-endian, row by row; valid while a copy of the package is.
  [[nodiscard]] ByteView tensor(const Constant& constant) const;

  /// The whole file.
  [[nodiscard]] ByteView bytes() const;

 private:
  struct Content;
  explicit Package(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  static Result<Package> read(std::shared_ptr<Content> content, const Limits& limits);

  std::shared_ptr<const Content> content_;
};

/// The bytes of a package; the same model and tensors give the same bytes. `tensor` gives the bytes of a
/// constant.
///
/// Throws std::invalid_argument where they are not as many as its type says.
Bytes to_package(const Model& model, const std::function<ByteView(const Constant&)>& tensor);

}  // namespace idn::graph
