#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "idn/core/result.h"
#include "idn/graph/operator.h"

namespace idn::graph {

/// Where a value is among all values of a graph: inputs, then constants, then what the nodes give, in order.
using ValueId = std::uint32_t;

/// What a caller hands in.
struct GraphInput {
  std::string name;
  TensorType type;
};

/// A tensor of the package, by its name there.
struct Constant {
  std::string name;
  TensorType type;
};

/// An operator applied to values; its outputs are `outputs` values from `first_output` on.
struct Node {
  const Operator* applied = nullptr;
  std::vector<std::optional<ValueId>> inputs;
  Attributes attributes;  ///< all of them, the fallbacks too
  ValueId first_output = 0;
  std::uint32_t outputs = 1;
  std::string tier;  ///< where it is meant to run, as "device"; may be empty
};

/// A value that answers, by name; exits are in the order in which they are asked.
struct Exit {
  std::string name;
  ValueId value = 0;
};

/// A model: operators in order, with named exits in order. Whatever is in one has passed all checks.
class Graph {
 public:
  [[nodiscard]] const std::vector<GraphInput>& inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<Constant>& constants() const { return constants_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Exit>& exits() const { return exits_; }

  [[nodiscard]] std::size_t values() const { return types_.size(); }
  [[nodiscard]] const TensorType& type(ValueId value) const { return types_[value]; }

  [[nodiscard]] bool is_input(ValueId value) const { return value < inputs_.size(); }
  [[nodiscard]] bool is_constant(ValueId value) const {
    return value >= inputs_.size() && value < inputs_.size() + constants_.size();
  }
  [[nodiscard]] const Constant& constant(ValueId value) const { return constants_[value - inputs_.size()]; }

  /// What one node does at a batch, in operations.
  [[nodiscard]] std::int64_t operations(const Node& node, std::int64_t batch) const;

  /// What all nodes do at a batch.
  [[nodiscard]] std::int64_t operations(std::int64_t batch) const;

 private:
  friend class GraphBuilder;

  std::vector<GraphInput> inputs_;
  std::vector<Constant> constants_;
  std::vector<Node> nodes_;
  std::vector<Exit> exits_;
  std::vector<TensorType> types_;
};

/// Makes a graph step by step: inputs, then constants, then nodes, then exits. Every step is checked when it
/// is taken.
///
/// A problem's position counts the steps of its kind, from 0: the third node that is refused is at 2.
class GraphBuilder {
 public:
  static constexpr std::size_t kMaxInputs = 64;
  static constexpr std::size_t kMaxConstants = 1 << 16;
  static constexpr std::size_t kMaxNodes = 1 << 16;
  static constexpr std::size_t kMaxNodeInputs = 1 << 10;
  static constexpr std::size_t kMaxExits = 64;
  static constexpr std::size_t kMaxName = 256;

  Result<ValueId> add_input(std::string name, TensorType type);
  Result<ValueId> add_constant(std::string name, TensorType type);

  /// Gives the first of the outputs.
  Result<ValueId> add_node(std::string_view name, int version, std::vector<std::optional<ValueId>> inputs,
                           Attributes attributes, std::string tier = "");

  /// Exits answer a batch with a row of class scores each: F32 (B, classes), of the same number of classes.
  std::optional<Problem> add_exit(std::string name, ValueId value);

  /// The graph; refused without input or exit, or with a constant or a node that no exit needs.
  Result<Graph> finish() &&;

  /// The type of a value so far.
  [[nodiscard]] const TensorType& type(ValueId value) const { return graph_.types_[value]; }

  /// How many values there are so far.
  [[nodiscard]] std::size_t values() const { return graph_.values(); }

 private:
  Graph graph_;
};

}  // namespace idn::graph
