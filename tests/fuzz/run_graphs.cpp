// Runs random graphs through the executor, every tensor of theirs between pages that nobody may touch.
//
//   run_graphs SECONDS [FIRST_SEED]     with 0 seconds the graph of one seed alone
//
// A crash, a sanitizer's report, an answer of another shape than the graph tells, or an error that is not one
// of those that come with the values is a finding: the seed is shown, and the exit status is not 0.
#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../guarded_memory.h"
#include "graph_from_bytes.h"
#include "idn/core/error.h"
#include "idn/graph/package.h"
#include "idn/graph/segments.h"
#include "idn_torch/executor.h"
#include "laws.h"

// There in a program with a sanitizer, which ends without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace idn::fuzz {
namespace {

using graph::DType;
using graph::TensorType;

constexpr std::int64_t kMostOperations = 1 << 27;
constexpr std::int64_t kMostBytes = 1 << 26;
constexpr std::int64_t kMostBatch = 3;

std::uint64_t seed = 0;  // of the graph that is being run

void show_seed() {
  std::fprintf(stderr, "\nfinding: run_graphs 0 %llu\n", static_cast<unsigned long long>(seed));
}

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return at::kFloat;
    case DType::kFloat16:
      return at::kHalf;
    case DType::kBFloat16:
      return at::kBFloat16;
    case DType::kInt64:
      return at::kLong;
    case DType::kInt32:
      return at::kInt;
    case DType::kUint8:
      return at::kByte;
    case DType::kBool:
      return at::kBool;
  }
  std::abort();
}

std::vector<std::int64_t> sizes_at(const graph::Shape& shape, std::int64_t batch) {
  std::vector<std::int64_t> sizes;
  for (const graph::Dimension& size : shape) sizes.push_back(size.at(batch));
  return sizes;
}

// Small numbers; where they may be odd, some at the edges of the type, and BOOLs of any byte.
at::Tensor tensor(std::mt19937_64& random, const TensorType& type, std::int64_t batch, bool odd) {
  const auto sizes = sizes_at(type.shape, batch);
  const bool edges = odd && random() % 4 == 0;
  if (type.dtype == DType::kBool) {
    at::Tensor bytes = at::empty(sizes, at::kByte);
    for (std::int64_t at = 0; at < bytes.numel(); ++at)
      bytes.data_ptr<std::uint8_t>()[at] =
          static_cast<std::uint8_t>(random() % 2);  // other bytes make no package
    return bytes.view(at::kBool);
  }
  if (graph::kFloats.contains(type.dtype)) {
    static constexpr std::array<float, 8> kEdges = {0.0F,   -0.0F,    1e-40F,   3e38F,
                                                    -3e38F, 65504.0F, INFINITY, NAN};
    at::Tensor values = at::empty(sizes, at::kFloat);
    for (std::int64_t at = 0; at < values.numel(); ++at) {
      const float small = static_cast<float>(random() % 4001) / 1000.0F - 2.0F;
      values.data_ptr<float>()[at] = edges && random() % 8 == 0 ? kEdges[random() % kEdges.size()] : small;
    }
    return values.to(scalar_type(type.dtype));
  }
  static constexpr std::array<std::int64_t, 6> kEdges = {-1, 100, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  at::Tensor values = at::empty(sizes, at::kLong);
  for (std::int64_t at = 0; at < values.numel(); ++at) {
    values.data_ptr<std::int64_t>()[at] = edges && random() % 8 == 0
                                              ? kEdges[random() % kEdges.size()]
                                              : static_cast<std::int64_t>(random() % 3);
  }
  return values.to(scalar_type(type.dtype));
}

bool is_small(const graph::Graph& graph) {
  std::vector<graph::ValueId> constants;
  for (std::size_t index = 0; index < graph.constants().size(); ++index)
    constants.push_back(static_cast<graph::ValueId>(graph.inputs().size() + index));
  return graph.operations(kMostBatch) < kMostOperations &&
         graph::peak_bytes(graph, kMostBatch) < kMostBytes && graph::bytes(graph, constants, 0) < kMostBytes;
}

graph::Package package(std::mt19937_64& random, const graph::Model& model) {
  std::unordered_map<std::string, at::Tensor> tensors;
  for (const graph::Constant& constant : model.graph.constants())
    tensors.emplace(constant.name, tensor(random, constant.type, 0, true));
  Bytes bytes = graph::to_package(model, [&](const graph::Constant& constant) {
    const at::Tensor& its = tensors.at(constant.name);
    return ByteView(static_cast<const std::uint8_t*>(its.const_data_ptr()), its.nbytes());
  });
  return graph::Package::from_bytes(std::move(bytes)).or_throw("package");
}

// Whether it ran; what may fail is told by the values alone, or by the machine.
bool run(const idn_torch::Executor& executor, const std::vector<at::Tensor>& inputs, std::int64_t batch) {
  const graph::Graph& graph = executor.package().graph();
  std::vector<at::Tensor> answers;
  try {
    answers = executor.run(inputs);
  } catch (const ExecutionError& error) {
    const std::string_view reason = error.what();
    const bool documented = reason.find("an index is ") != std::string_view::npos ||
                            reason.find("not enough memory") != std::string_view::npos;
    if (!documented) std::fprintf(stderr, "%s\n", error.what());
    require(documented, "whatever passes the checks runs");
    return false;
  }
  require(answers.size() == graph.exits().size(), "every exit answers");
  for (std::size_t exit = 0; exit < answers.size(); ++exit) {
    const TensorType& type = graph.type(graph.exits()[exit].value);
    require(answers[exit].scalar_type() == at::kFloat && answers[exit].sizes() == sizes_at(type.shape, batch),
            "an answer is of the type that the graph tells");
    require(answers[exit].is_contiguous(), "an answer lies row by row");
  }
  return true;
}

struct Counts {
  std::uint64_t graphs = 0;
  std::uint64_t nodes = 0;
  std::uint64_t runs = 0;
  std::uint64_t refused = 0;
};

void run_one(Counts& counts) {
  std::mt19937_64 random(seed);
  Bytes bytes(random() % 512);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  const DrawnModel drawn =
      graph_from_bytes(bytes, {.nodes = 1 + random() % 10, .huge = false, .constants = random() % 2 == 0});
  counts.refused += drawn.refused;
  if (!is_small(drawn.model.graph)) return;
  const graph::Package made = package(random, drawn.model);
  const idn_torch::Executor plain(made, {.passes = idn_torch::Passes::none()});
  const idn_torch::Executor passed(made);
  const auto& inputs = made.graph().inputs();
  const bool grows = std::ranges::any_of(inputs, [](const graph::GraphInput& input) {
    return !std::ranges::all_of(input.type.shape, &graph::Dimension::is_fixed);
  });
  for (const std::int64_t batch :
       grows ? std::vector<std::int64_t>{0, 1, kMostBatch} : std::vector<std::int64_t>{1}) {
    std::vector<at::Tensor> values;
    for (const graph::GraphInput& input : inputs) values.push_back(tensor(random, input.type, batch, false));
    const bool ran = run(plain, values, batch);
    require(run(passed, values, batch) == ran, "passes change nothing of what can be run");
    counts.runs += ran ? 2 : 0;
  }
  ++counts.graphs;
  counts.nodes += made.graph().nodes().size();
}

}  // namespace
}  // namespace idn::fuzz

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    std::fprintf(stderr, "run_graphs SECONDS [FIRST_SEED]\n");
    return 2;
  }
  const std::chrono::seconds seconds(std::strtoll(arguments[1], nullptr, 10));
  idn::fuzz::seed = count == 3 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const auto show = [](int) {
    idn::fuzz::show_seed();
    std::_Exit(1);
  };
  std::signal(SIGABRT, show);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(idn::fuzz::show_seed);
  } else {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, show);
  }
  idn::fuzz::GuardedAllocator::install();
  const auto end = std::chrono::steady_clock::now() + seconds;
  idn::fuzz::Counts counts;
  do {
    idn::fuzz::run_one(counts);
    ++idn::fuzz::seed;
  } while (std::chrono::steady_clock::now() < end);
  std::printf("%llu graphs of %llu operators ran %llu times; %llu calls were refused; no finding\n",
              static_cast<unsigned long long>(counts.graphs), static_cast<unsigned long long>(counts.nodes),
              static_cast<unsigned long long>(counts.runs), static_cast<unsigned long long>(counts.refused));
  return 0;
}
