#include "graph_from_bytes.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "draws.h"
#include "fitting_calls.h"
#include "laws.h"

namespace idn::fuzz {
namespace {

using graph::DType;
using graph::TensorType;

// Where a value comes from: constants are asked for while nodes are drawn, but come before them in a graph.
enum class Source : std::uint8_t { kInput, kConstant, kNode };

struct Value {
  TensorType type;
  Source source = Source::kInput;
  std::size_t index = 0;  // among those of its source
  bool read = false;
};

struct PlannedNode {
  const graph::Operator* applied = nullptr;
  std::vector<std::optional<std::size_t>> inputs;
  graph::Attributes attributes;
  std::size_t first = 0;
};

DType drawn_dtype(Draws& draws, graph::DTypes allowed) {
  static const std::vector<DType> kMostlyFloats = {
      DType::kFloat32, DType::kFloat32,  DType::kFloat32, DType::kFloat32, DType::kInt64,
      DType::kFloat16, DType::kBFloat16, DType::kInt32,   DType::kUint8,   DType::kBool};
  std::vector<DType> possible;
  std::ranges::copy_if(kMostlyFloats, std::back_inserter(possible),
                       [&](DType type) { return allowed.contains(type); });
  return draws.one_of(possible);
}

// Whether a builder would take it as an input or constant.
bool is_possible(const TensorType& type) {
  return std::ranges::all_of(type.shape, &graph::Dimension::valid) && graph::elements(type.shape);
}

class Plan {
 public:
  Plan(ByteView bytes, const DrawnSizes& sizes) : draws_(bytes), sizes_(sizes) {}

  DrawnModel draw() {
    for (std::size_t inputs = 1 + draws_.below(2); inputs > 0; --inputs)
      static_cast<void>(another_input(graph::kAll, inputs == 1));
    while (!draws_.used_up() && nodes_.size() < sizes_.nodes) draw_node();
    join_to_exits();
    return built();
  }

 private:
  std::size_t add(TensorType type, Source source, std::size_t& count) {
    values_.push_back({std::move(type), source, count++});
    return values_.size() - 1;
  }

  std::size_t another_input(graph::DTypes allowed, bool grows) {
    TensorType type{drawn_dtype(draws_, allowed), drawn_shape(draws_, sizes_, grows)};
    if (!is_possible(type) || inputs_ == graph::GraphBuilder::kMaxInputs)
      type.shape = {graph::Dimension::batch()};
    return add(std::move(type), Source::kInput, inputs_);
  }

  // A value that an input of an operator may be; one of the latest more often.
  std::size_t any_value(graph::DTypes allowed) {
    std::vector<std::size_t> possible;
    for (std::size_t index = values_.size(); index-- > 0;) {
      if (allowed.contains(values_[index].type.dtype)) possible.push_back(index);
    }
    if (possible.empty() && inputs_ < graph::GraphBuilder::kMaxInputs) return another_input(allowed, true);
    if (possible.empty()) return 0;
    return possible[draws_.below(draws_.byte() % 2 == 0 ? std::min<std::size_t>(possible.size(), 3)
                                                        : possible.size())];
  }

  // Another value of one shape with the first or of a shape that suits, where there is one; else a constant.
  std::size_t fitting_value(const PlannedNode& node, const std::vector<const TensorType*>& before) {
    const auto& rule = node.applied->inputs[std::min(before.size(), node.applied->inputs.size() - 1)];
    TensorType wanted{before[0]->dtype, {}};
    if (!rule.dtypes.contains(wanted.dtype)) wanted.dtype = drawn_dtype(draws_, rule.dtypes);
    if (node.applied->name == "select" && before.size() == 2) wanted.dtype = before[1]->dtype;
    if (rule.name == "table" || rule.name == "then") wanted.dtype = drawn_dtype(draws_, rule.dtypes);
    if (draws_.byte() % 2 == 1) {
      std::vector<std::size_t> possible;
      for (std::size_t index = 0; index < values_.size(); ++index) {
        if (values_[index].type.dtype == wanted.dtype && values_[index].source != Source::kConstant)
          possible.push_back(index);
      }
      if (!possible.empty()) return draws_.one_of(possible);
    }
    wanted.shape = fitting_shape(draws_, sizes_, *node.applied, before, node.attributes);
    const bool full =
        sizes_.constants ? constants_ == kMostConstants : inputs_ == graph::GraphBuilder::kMaxInputs;
    if (!is_possible(wanted) || full) return any_value(rule.dtypes);
    if (!sizes_.constants) return add(std::move(wanted), Source::kInput, inputs_);
    return add(std::move(wanted), Source::kConstant, constants_);
  }

  void draw_node() {
    PlannedNode node;
    const auto all = graph::operators();
    node.applied = &all[draws_.below(all.size())];
    const auto& rules = node.applied->inputs;
    const std::size_t values_before = values_.size();
    const std::size_t constants_before = constants_;
    const std::size_t inputs_before = inputs_;
    node.inputs.emplace_back(any_value(rules[0].dtypes));
    // Not pointers to what values_ holds: that may move.
    std::vector<TensorType> types{values_[*node.inputs[0]].type};
    node.attributes = fitting_attributes(draws_, sizes_, *node.applied, types[0]);
    const std::size_t wanted = rules.back().repeated ? 1 + draws_.below(4) : rules.size();
    std::vector<const TensorType*> pointers;
    types.reserve(wanted);
    pointers.push_back(types.data());
    while (pointers.size() < wanted) {
      const auto& rule = rules[std::min(pointers.size(), rules.size() - 1)];
      if (rule.optional && draws_.byte() % 2 == 0) {
        node.inputs.emplace_back();
        pointers.push_back(nullptr);
        continue;
      }
      const std::size_t value = fitting_value(node, pointers);
      node.inputs.emplace_back(value);
      types.push_back(values_[value].type);
      pointers.push_back(&types.back());
    }
    while (pointers.back() == nullptr) {
      pointers.pop_back();
      node.inputs.pop_back();
    }
    if (apply(std::move(node), pointers)) return;
    values_.resize(values_before);
    constants_ = constants_before;
    inputs_ = inputs_before;
    ++refused_;
  }

  bool apply(PlannedNode node, const std::vector<const TensorType*>& types) {
    const graph::Types outputs = graph::apply(*node.applied, types, node.attributes);
    if (!outputs.ok()) return false;
    for (const auto& input : node.inputs) {
      if (input) values_[*input].read = true;
    }
    node.first = values_.size();
    for (const TensorType& type : outputs.types()) static_cast<void>(add(type, Source::kNode, node_values_));
    nodes_.push_back(std::move(node));
    return true;
  }

  // One of the calls that lead a value to an exit: those must be taken.
  std::size_t through(std::string_view name, std::vector<std::size_t> inputs, graph::Attributes attributes) {
    PlannedNode node;
    node.applied = graph::find_operator(name, 1);
    node.attributes = std::move(attributes);
    std::vector<TensorType> types;
    std::vector<const TensorType*> pointers;
    types.reserve(inputs.size());
    for (const std::size_t input : inputs) {
      node.inputs.emplace_back(input);
      types.push_back(values_[input].type);
      pointers.push_back(&types.back());
    }
    require(apply(std::move(node), pointers), "a call that leads to an exit is taken");
    return values_.size() - 1;
  }

  // F32 (B, classes): the value itself where it nearly is that, else the sum of all of it.
  std::size_t answer(std::size_t value, std::int64_t classes) {
    if (values_[value].type.dtype != DType::kFloat32)
      value = through("cast", {value}, {{"dtype", std::string("F32")}});
    const graph::Shape shape = values_[value].type.shape;
    const graph::Shape exit{graph::Dimension::batch(), classes};
    if (shape == exit) return value;
    if (!shape.empty() && graph::elements(shape) == graph::elements(exit))
      return through("reshape", {value}, {{"shape", exit}});
    std::vector<std::int64_t> axes;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) axes.push_back(static_cast<std::int64_t>(axis));
    if (!axes.empty()) value = through("reduce_sum", {value}, {{"axes", axes}});
    return through("expand", {value}, {{"shape", exit}});
  }

  // The classes that the latest value has, so that it is an exit with nothing between; else two.
  [[nodiscard]] std::int64_t drawn_classes() const {
    const auto each =
        graph::divide(graph::elements(values_.back().type.shape).value_or(0), graph::Dimension::batch());
    return each && each->fixed >= 2 ? each->fixed : 2;
  }

  // Each value that nothing reads leads to an exit, the first ones to one of their own.
  void join_to_exits() {
    const std::int64_t classes = drawn_classes();
    const std::size_t most_exits = 1 + draws_.below(3);
    const std::size_t count = values_.size();
    for (std::size_t value = 0; value < count; ++value) {
      if (values_[value].read || (values_[value].source != Source::kNode && !nodes_.empty())) continue;
      std::size_t answered = answer(value, classes);
      if (values_[answered].source != Source::kNode) answered = through("relu", {answered}, {});
      if (exits_.size() < most_exits) {
        if (std::ranges::find(exits_, answered) == exits_.end()) exits_.push_back(answered);
      } else {
        exits_.back() = through("add", {exits_.back(), answered}, {});
      }
    }
  }

  [[nodiscard]] graph::ValueId id(std::size_t value) const {
    const Value& one = values_[value];
    const std::size_t before = one.source == Source::kInput      ? 0
                               : one.source == Source::kConstant ? inputs_
                                                                 : inputs_ + constants_;
    return static_cast<graph::ValueId>(before + one.index);
  }

  template <class T>
  static T must(Result<T> result) {
    if (!result) std::fprintf(stderr, "%s\n", result.problem().reason.c_str());
    require(result.ok(), "a builder takes what the checks of its parts took");
    return std::move(result).value();
  }

  static std::string name_of(std::string prefix, std::size_t index) {
    const std::string digits = std::to_string(index);
    return prefix.append(4 - digits.size(), '0').append(digits);  // by name they are in their order
  }

  DrawnModel built() {
    graph::GraphBuilder builder;
    for (const Source source : {Source::kInput, Source::kConstant}) {
      for (const Value& value : values_) {
        if (value.source != source) continue;
        static_cast<void>(must(source == Source::kInput
                                   ? builder.add_input(name_of("x", value.index), value.type)
                                   : builder.add_constant(name_of("c", value.index), value.type)));
      }
    }
    for (const PlannedNode& node : nodes_) {
      std::vector<std::optional<graph::ValueId>> inputs;
      for (const auto& input : node.inputs)
        inputs.push_back(input ? std::optional(id(*input)) : std::nullopt);
      const graph::ValueId first = must(
          builder.add_node(node.applied->name, node.applied->version, std::move(inputs), node.attributes));
      require(first == id(node.first), "a node's values are numbered on");
      require(builder.type(first) == values_[node.first].type, "a type is the same wherever it is asked for");
    }
    for (std::size_t index = 0; index < exits_.size(); ++index) {
      const auto wrong = builder.add_exit(name_of("e", index), id(exits_[index]));
      require(!wrong, "what is led to an exit is one");
    }
    DrawnModel drawn;
    drawn.model.graph = must(std::move(builder).finish());
    drawn.model.ranges.resize(inputs_);
    drawn.refused = refused_;
    return drawn;
  }

  static constexpr std::size_t kMostConstants = 100;

  Draws draws_;
  DrawnSizes sizes_;
  std::vector<Value> values_;
  std::vector<PlannedNode> nodes_;
  std::vector<std::size_t> exits_;
  std::size_t inputs_ = 0;
  std::size_t constants_ = 0;
  std::size_t node_values_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace

DrawnModel graph_from_bytes(ByteView bytes, const DrawnSizes& sizes) { return Plan(bytes, sizes).draw(); }

}  // namespace idn::fuzz
