#include "programs/idn_run/inputs.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "idn/core/printable.h"

namespace idn_run {
namespace {

using idn::in_quotes;
using idn::graph::Dimension;
using idn::graph::DType;
using idn::graph::Graph;
using idn::graph::GraphInput;
using idn::graph::TensorType;

struct KnownType {
  std::string_view numpy;
  at::ScalarType torch;
};

// In the order of the enumeration.
constexpr std::array kTypes{KnownType{"float32", at::kFloat},     KnownType{"float16", at::kHalf},
                            KnownType{"bfloat16", at::kBFloat16}, KnownType{"int64", at::kLong},
                            KnownType{"int32", at::kInt},         KnownType{"uint8", at::kByte},
                            KnownType{"bool", at::kBool}};

const KnownType& known(DType type) { return kTypes.at(static_cast<std::size_t>(type)); }

std::string held(const ArrayFile& file) {
  std::string sizes;
  for (const std::int64_t size : file.shape())
    sizes.append(sizes.empty() ? "" : ", ").append(std::to_string(size));
  return idn::printable(file.path()) + " holds " + std::string(file.type()) + " (" + sizes + ")";
}

[[noreturn]] void refuse(const GraphInput& input, const ArrayFile& file, const std::string& fix) {
  throw std::invalid_argument("input " + in_quotes(input.name) + " takes " + input.type.text() + ", and " +
                              held(file) + fix + ".");
}

void check_type(const GraphInput& input, const ArrayFile& file) {
  const std::string_view wanted = known(input.type.dtype).numpy;
  if (file.type() == wanted) return;
  if (file.type() == "uint8") {
    refuse(input, file,
           "; images in bytes are not scaled here: save them as the model was trained on them, such as "
           "array.astype('float32') / 255");
  }
  refuse(input, file, "; convert it with array.astype('" + std::string(wanted) + "')");
}

// How many samples a file holds; nothing where its input does not grow with the batch.
std::optional<std::int64_t> samples_of(const GraphInput& input, const ArrayFile& file) {
  const auto& shape = input.type.shape;
  if (shape.size() != file.shape().size()) refuse(input, file, ": another number of sizes");
  std::optional<std::int64_t> samples;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const Dimension& size = shape[axis];
    const std::int64_t grown = file.shape()[axis] - size.fixed;
    const bool fits = size.is_fixed() ? grown == 0 : grown >= 0 && grown % size.per_batch == 0;
    if (!fits) refuse(input, file, "");
    if (size.is_fixed()) continue;
    const std::int64_t its = grown / size.per_batch;
    if (its >= Dimension::kMax || (samples && *samples != its))
      refuse(input, file, ": its sizes are of no one batch B");
    samples = its;
  }
  return samples;
}

bool grows(const TensorType& type) {
  return std::ranges::any_of(type.shape, [](const Dimension& size) { return !size.is_fixed(); });
}

// Samples one after the other, and nothing else: only the first size grows, and as a multiple of the batch.
bool in_rows(const TensorType& type) {
  return !grows(type) ||
         (type.shape.front().fixed == 0 && std::all_of(type.shape.begin() + 1, type.shape.end(),
                                                       [](const Dimension& d) { return d.is_fixed(); }));
}

std::string names_of(const Graph& graph) {
  std::string names;
  for (const GraphInput& input : graph.inputs())
    names.append(names.empty() ? "" : ", ").append(in_quotes(input.name));
  return names;
}

void check_names(const Graph& graph, const Options& options) {
  if (!options.inputs.empty()) {
    std::set<std::string> missing;
    for (const GraphInput& input : graph.inputs()) missing.insert(input.name);
    for (const auto& [name, file] : options.inputs) {
      if (missing.erase(name) == 0) {
        throw std::invalid_argument("the package has no input " + in_quotes(name) + ", only " +
                                    names_of(graph) + ".");
      }
    }
    if (!missing.empty())
      throw std::invalid_argument("--input is missing for " + in_quotes(*missing.begin()) + ".");
  } else if (graph.inputs().size() > 1 && options.dataset) {
    throw std::invalid_argument("--dataset is given, but the package has several inputs: " + names_of(graph) +
                                "; their arrays have to have their names.");
  }
}

ArrayFile open_input(const GraphInput& input, const Graph& graph, const Options& options) {
  const auto named = options.inputs.find(input.name);
  ArrayFile file(named == options.inputs.end() ? options.input : named->second, options.dataset, input.name);
  if (named == options.inputs.end() && graph.inputs().size() > 1 && !file.has_names()) {
    throw std::invalid_argument(idn::printable(file.path()) +
                                " holds one array, and the package has several " +
                                "inputs: " + names_of(graph) + "; give each as --input NAME=FILE.");
  }
  return file;
}

}  // namespace

Inputs::Inputs(const Graph& graph, const Options& options) {
  check_names(graph, options);
  std::optional<std::int64_t> there;
  std::string first_name;
  for (const GraphInput& input : graph.inputs()) {
    inputs_.push_back({&input, open_input(input, graph, options)});
    const ArrayFile& file = inputs_.back().file;
    check_type(input, file);
    divisible_ = divisible_ && in_rows(input.type);
    const auto its = samples_of(input, file);
    if (there && its && *there != *its) {
      throw std::invalid_argument(held(file) + ", " + std::to_string(*its) + " samples of input " +
                                  in_quotes(input.name) + ", but there are " + std::to_string(*there) +
                                  " of input " + in_quotes(first_name) + ".");
    }
    if (!its || there) continue;
    there = its;
    first_name = input.name;
  }
  if (!there) divisible_ = false;
  choose(options.samples, there.value_or(1));
}

void Inputs::choose(const SampleRange& asked, std::int64_t there) {
  samples_ = there;
  if (asked == SampleRange()) return;
  const std::string range = "--samples is " + std::to_string(asked.from) + ":" +
                            (asked.to ? std::to_string(*asked.to) : std::string());
  if (!divisible_) {
    throw std::invalid_argument(range +
                                ", but samples do not lie one after the other in the files; leave it out.");
  }
  if (asked.from > there || asked.to.value_or(there) > there)
    throw std::invalid_argument(range + ", and there are " + std::to_string(there) + " samples.");
  first_ = asked.from;
  samples_ = asked.to.value_or(there) - first_;
}

std::vector<at::Tensor> Inputs::read(std::int64_t from, std::int64_t count) {
  std::vector<at::Tensor> tensors;
  for (Input& input : inputs_) {
    const TensorType& type = input.declared->type;
    std::vector<std::int64_t> sizes = input.file.shape();
    std::int64_t row = 0;
    if (divisible_ && grows(type)) {
      row = (first_ + from) * type.shape.front().per_batch;
      sizes.front() = count * type.shape.front().per_batch;
    }
    at::Tensor tensor = at::empty(sizes, known(type.dtype).torch);
    const std::size_t bytes = tensor.nbytes();
    const std::size_t row_bytes =
        sizes.empty() || sizes.front() == 0 ? 0 : bytes / static_cast<std::size_t>(sizes.front());
    input.file.read(static_cast<std::size_t>(row) * row_bytes,
                    {static_cast<std::uint8_t*>(tensor.mutable_data_ptr()), bytes});
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace idn_run
