#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "idn/store/hdf5.h"

namespace idn::store {

/// How many samples a split has, and what each exit says of one.
struct TraceShape {
  std::size_t samples = 0;
  std::size_t exits = 0;
  std::size_t classes = 0;
};

/// What every exit answered for some samples: logits (samples, exits, classes), in C order, stored as they
/// are.
struct TraceBatch {
  TraceShape shape;
  std::span<const float> logits;
  std::span<const std::int64_t> labels;  ///< the right class, one per sample
  std::span<const std::int64_t> index;   ///< the sample's place in its data set
};

/// Writes per-sample traces, split by split and batch by batch; see Writer for what it promises.
class TraceWriter {
 public:
  explicit TraceWriter(const std::filesystem::path& path, const Attributes& attributes = {});

  void append(const std::string& split, const TraceBatch& batch);
  void commit();
  void discard();

 private:
  Writer writer_;
};

/// Reads traces, and refuses any other file; see Reader for what it promises.
class TraceReader {
 public:
  explicit TraceReader(const std::filesystem::path& path, ReadLimits limits = {});

  std::vector<std::string> splits() const;
  Attributes attributes() const;
  TraceShape shape(const std::string& split) const;

  /// Fills the spans, which must have the sizes that shape() gives.
  void read(const std::string& split, std::span<float> logits, std::span<std::int64_t> labels,
            std::span<std::int64_t> index);

 private:
  Reader reader_;
};

}  // namespace idn::store
