#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "idn/graph/graph.h"

namespace idn::graph {

/// A tensor of whole numbers modulo 2^64, in which sums are exact in any order.
struct HashTensor {
  std::vector<std::int64_t> shape;
  std::vector<std::uint64_t> data;

  bool operator==(const HashTensor&) const = default;
};

using Index = std::vector<std::int64_t>;

inline std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
  std::uint64_t sum = one * 0x9e3779b97f4a7c15ULL + other + 0x632be59bd9b4e019ULL;
  sum ^= sum >> 29U;
  sum *= 0xbf58476d1ce4e5b9ULL;
  return sum ^ sum >> 32U;
}

inline std::int64_t elements_of(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

inline std::uint64_t at(const HashTensor& tensor, const Index& index) {
  std::int64_t flat = 0;
  for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis)
    flat = flat * tensor.shape[axis] + index[axis];
  return tensor.data.at(static_cast<std::size_t>(flat));
}

/// The element that a broadcast reads for an index of its output.
inline std::uint64_t broadcast_at(const HashTensor& tensor, const Index& index) {
  Index its(index.end() - static_cast<std::ptrdiff_t>(tensor.shape.size()), index.end());
  for (std::size_t axis = 0; axis < its.size(); ++axis) its[axis] = tensor.shape[axis] == 1 ? 0 : its[axis];
  return at(tensor, its);
}

inline HashTensor filled(std::vector<std::int64_t> shape,
                         const std::function<std::uint64_t(const Index&)>& of) {
  HashTensor made{std::move(shape), {}};
  Index index(made.shape.size(), 0);
  for (std::int64_t left = elements_of(made.shape); left > 0; --left) {
    made.data.push_back(of(index));
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < made.shape[axis]) break;
      index[axis] = 0;
    }
  }
  return made;
}

/// Runs a graph on hashes: an element of an output is a hash of just those elements that the operator's
/// element reads, with their places where the operator tells them apart.
///
/// An oracle for claims about what depends on what, written from the operators' definitions alone.
class HashInterpreter {
 public:
  HashInterpreter(const Graph& graph, std::int64_t batch) : graph_(graph), batch_(batch) {}

  /// All values, of inputs and constants as given.
  std::vector<HashTensor> run(std::vector<HashTensor> values) {
    for (const Node& node : graph_.nodes()) {
      std::vector<const HashTensor*> inputs;
      for (const auto& input : node.inputs) inputs.push_back(&values[*input]);
      values.push_back(of(node, inputs, sizes(graph_.type(node.first_output).shape)));
    }
    return values;
  }

  [[nodiscard]] std::vector<std::int64_t> sizes(const Shape& shape) const {
    std::vector<std::int64_t> made;
    for (const Dimension& size : shape) made.push_back(size.at(batch_));
    return made;
  }

 private:
  using Inputs = std::vector<const HashTensor*>;

  static std::int64_t integer(const Node& node, std::string_view name) {
    return std::get<std::int64_t>(node.attributes.find(name)->second);
  }
  static const std::vector<std::int64_t>& integers(const Node& node, std::string_view name) {
    return std::get<std::vector<std::int64_t>>(node.attributes.find(name)->second);
  }

  // A hash of everything in some axes, the others held at an index; `tell` says whether places are told
  // apart.
  static std::uint64_t over(const HashTensor& tensor, Index index, const std::vector<std::int64_t>& axes,
                            bool tell) {
    std::uint64_t sum = 17;
    std::vector<std::int64_t> sizes;
    for (const std::int64_t axis : axes) sizes.push_back(tensor.shape[static_cast<std::size_t>(axis)]);
    std::uint64_t place = 0;
    (void)filled(sizes, [&](const Index& inner) {
      for (std::size_t k = 0; k < axes.size(); ++k) index[static_cast<std::size_t>(axes[k])] = inner[k];
      sum += tell ? mixed(at(tensor, index), place++) : mixed(at(tensor, index), 5);
      return std::uint64_t{0};
    });
    return sum;
  }

  HashTensor of(const Node& node, const Inputs& in, const std::vector<std::int64_t>& shape) const {
    const std::string name(node.applied->name);
    if (name == "reshape") return {shape, in[0]->data};
    return filled(shape, [&](const Index& index) { return element(name, node, in, index); });
  }

  static std::uint64_t element(const std::string& name, const Node& node, const Inputs& in, Index index) {
    const HashTensor& first = *in[0];
    if (name == "permute") {
      Index from(index.size());
      for (std::size_t axis = 0; axis < index.size(); ++axis)
        from[static_cast<std::size_t>(integers(node, "order")[axis])] = index[axis];
      return at(first, from);
    }
    if (name == "concatenate") {
      auto& along = index[static_cast<std::size_t>(integer(node, "axis"))];
      for (const HashTensor* input : in) {
        const std::int64_t size = input->shape[static_cast<std::size_t>(integer(node, "axis"))];
        if (along < size) return at(*input, index);
        along -= size;
      }
      return 0;
    }
    if (name == "slice") {
      auto& along = index[static_cast<std::size_t>(integer(node, "axis"))];
      along = integer(node, "start") + along * integer(node, "step");
      return at(first, index);
    }
    if (name == "pad") {
      for (std::size_t axis = 0; axis < index.size(); ++axis) {
        index[axis] -= integers(node, "amounts")[2 * axis];
        if (index[axis] < 0 || index[axis] >= first.shape[axis]) return 99;
      }
      return at(first, index);
    }
    if (name == "tile") {
      for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] %= first.shape[axis];
      return at(first, index);
    }
    if (name == "flip") {
      for (const std::int64_t axis : integers(node, "axes")) {
        auto& along = index[static_cast<std::size_t>(axis)];
        along = first.shape[static_cast<std::size_t>(axis)] - 1 - along;
      }
      return at(first, index);
    }
    if (name == "gather" || name == "embedding") {
      const bool gathers = name == "gather";
      const auto axis = gathers ? static_cast<std::size_t>(integer(node, "axis")) : 0;
      const HashTensor& table = gathers ? first : *in[1];
      const HashTensor& indices = gathers ? *in[1] : first;
      const auto size = static_cast<std::uint64_t>(table.shape[axis]);
      if (gathers) {
        index[axis] = static_cast<std::int64_t>(at(indices, {index[axis]}) % size);
        return at(table, index);
      }
      const Index row(index.begin(), index.end() - 1);
      return at(table, {static_cast<std::int64_t>(at(indices, row) % size), index.back()});
    }
    if (name == "softmax") return mixed(at(first, index), over(first, index, {integer(node, "axis")}, false));
    if (name == "cumulative_sum") {
      const auto axis = static_cast<std::size_t>(integer(node, "axis"));
      std::uint64_t sum = 0;
      for (std::int64_t left = index[axis]; left >= 0; --left, --index[axis]) sum += at(first, index);
      return sum;
    }
    if (name == "reduce_sum" || name == "argmax") {
      std::vector<std::int64_t> axes =
          name == "argmax" ? std::vector{integer(node, "axis")} : integers(node, "axes");
      if (!std::get<bool>(node.attributes.find("keep")->second)) {
        for (const std::int64_t axis : axes) index.insert(index.begin() + axis, 0);
      }
      return over(first, index, axes, name == "argmax");
    }
    if (name == "layer_normalization") {
      std::vector<std::int64_t> axes;
      for (std::int64_t k = integer(node, "axes"); k > 0; --k)
        axes.push_back(static_cast<std::int64_t>(index.size()) - k);
      return mixed(at(first, index), over(first, index, axes, false));
    }
    if (name == "instance_normalization") {
      std::vector<std::int64_t> axes(index.size() - 2);
      std::iota(axes.begin(), axes.end(), 2);
      return mixed(at(first, index), over(first, index, axes, false));
    }
    if (name == "prelu") {
      return mixed(at(first, index), at(*in[1], {in[1]->shape[0] == 1 ? 0 : index[1]}));
    }
    if (name == "linear" || name == "matrix_multiply") {
      const bool of_weight = name == "linear";
      std::uint64_t sum = 0;
      for (std::int64_t k = 0; k < first.shape.back(); ++k) {
        Index left = index;
        left.back() = k;
        Index right = index;
        if (!of_weight) right[right.size() - 2] = k;
        sum += broadcast_at(first, left) *
               (of_weight ? at(*in[1], {index.back(), k}) : broadcast_at(*in[1], right));
      }
      return sum;
    }
    if (name == "attention") {
      Index rows(index);
      rows.back() = 0;
      const auto last = static_cast<std::int64_t>(index.size()) - 1;
      const std::uint64_t query = over(*in[0], rows, {last}, true);
      return mixed(query, over(*in[1], rows, {last - 1, last}, true) + over(*in[2], index, {last - 1}, true));
    }
    std::uint64_t sum = 3;  // what looks at one element of each input, broadcast
    for (const HashTensor* input : in) sum = mixed(sum, broadcast_at(*input, index));
    return sum;
  }

  const Graph& graph_;
  std::int64_t batch_;
};

}  // namespace idn::graph
