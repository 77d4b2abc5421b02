#include "idn/store/trace.h"

#include <stdexcept>

#include "idn/core/error.h"
#include "idn/store/text.h"

namespace idn::store {
namespace {

constexpr const char* kFormat = "trace";
constexpr std::string_view kLogits = "/logits";
constexpr std::string_view kLabels = "/labels";
constexpr std::string_view kIndex = "/index";

std::string part(const std::string& split, std::string_view name) { return split + std::string(name); }

void check_count(const char* what, std::size_t given, std::size_t expected) {
  if (given == expected) return;
  throw std::invalid_argument(std::string(what) + " has " + std::to_string(given) + " items, expected " +
                              std::to_string(expected) + " for this batch of samples");
}

}  // namespace

TraceWriter::TraceWriter(const std::filesystem::path& path, const Attributes& attributes)
    : writer_(path, kFormat, attributes) {}

void TraceWriter::append(const std::string& split, const TraceBatch& batch) {
  const auto [samples, exits, classes] = batch.shape;
  if (split.empty() || split.find('/') != std::string::npos) {
    throw std::invalid_argument("split " + in_quotes(split) +
                                " is not accepted; give one word, such as 'test'");
  }
  const ArrayInfo logits{DType::kFloat32, {samples, exits, classes}};
  const ArrayInfo labels{DType::kInt64, {samples}};
  check_count("logits", batch.logits.size(), byte_count(logits) / sizeof(float));
  check_count("labels", batch.labels.size(), samples);
  check_count("index", batch.index.size(), samples);
  writer_.append(part(split, kLogits), logits, std::as_bytes(batch.logits));
  writer_.append(part(split, kLabels), labels, std::as_bytes(batch.labels));
  writer_.append(part(split, kIndex), labels, std::as_bytes(batch.index));
}

void TraceWriter::commit() { writer_.commit(); }

void TraceWriter::discard() { writer_.discard(); }

TraceReader::TraceReader(const std::filesystem::path& path, ReadLimits limits) : reader_(path, limits) {
  reader_.require_format(kFormat);
}

std::vector<std::string> TraceReader::splits() const {
  std::vector<std::string> found;
  for (const std::string& name : reader_.names()) {
    if (name.ends_with(kLogits)) found.push_back(name.substr(0, name.size() - kLogits.size()));
  }
  return found;
}

Attributes TraceReader::attributes() const { return reader_.attributes(); }

TraceShape TraceReader::shape(const std::string& split) const {
  const ArrayInfo logits = reader_.info(part(split, kLogits));
  const ArrayInfo labels = reader_.info(part(split, kLabels));
  const ArrayInfo index = reader_.info(part(split, kIndex));
  const bool fits = logits.dtype == DType::kFloat32 && logits.shape.size() == 3 && labels == index &&
                    labels == ArrayInfo{DType::kInt64, {logits.shape.empty() ? 0 : logits.shape[0]}};
  if (!fits) {
    throw StoreError(
        "cannot read " + printable(reader_.path().string()) + ": split '" + printable(split) +
        "' is not logits (samples, exits, classes) of float32 with labels and index (samples) of int64");
  }
  return {logits.shape[0], logits.shape[1], logits.shape[2]};
}

void TraceReader::read(const std::string& split, std::span<float> logits, std::span<std::int64_t> labels,
                       std::span<std::int64_t> index) {
  shape(split);
  reader_.read(part(split, kLogits), std::as_writable_bytes(logits));
  reader_.read(part(split, kLabels), std::as_writable_bytes(labels));
  reader_.read(part(split, kIndex), std::as_writable_bytes(index));
}

}  // namespace idn::store
