#include "idn/graph/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "idn/core/printable.h"

namespace idn::graph {
namespace {

using Json = nlohmann::json;  // objects are sorted by key

constexpr int kFormat = 1;
constexpr std::size_t kMostClasses = 1 << 16;
constexpr std::size_t kMostProvenance = 64;
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kShownName = 64;

// ---- writing

Json written(const Dimension& size) {
  if (size.is_fixed()) return size.fixed;
  return Json::array({size.per_batch, size.fixed});
}

Json written(const Shape& shape) {
  Json sizes = Json::array();
  for (const Dimension& size : shape) sizes.push_back(written(size));
  return sizes;
}

Json written(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Shape>) {
          return written(value);
        } else {
          return value;
        }
      },
      attribute);
}

// An attribute that is what it would be anyway is left out, so that there is one way to say it.
Json written(const Node& node) {
  Json attributes = Json::object();
  for (const AttributeRule& rule : node.applied->attributes) {
    const Attribute& value = node.attributes.find(rule.name)->second;
    if (!rule.fallback || *rule.fallback != value) attributes[std::string(rule.name)] = written(value);
  }
  Json inputs = Json::array();
  for (const auto& input : node.inputs) inputs.push_back(input ? Json(*input) : Json(nullptr));
  Json json{
      {"operator", node.applied->name}, {"version", node.applied->version}, {"inputs", std::move(inputs)}};
  if (!attributes.empty()) json["attributes"] = std::move(attributes);
  if (!node.tier.empty()) json["tier"] = node.tier;
  return json;
}

Json written(const GraphInput& input, const std::optional<Range>& range) {
  Json json{
      {"name", input.name}, {"dtype", to_string(input.type.dtype)}, {"shape", written(input.type.shape)}};
  if (range) json["range"] = Json::array({range->least, range->most});
  return json;
}

// ---- reading: what is wrong is thrown inside this file alone, and caught in model_from_json

struct Refused {
  std::string reason;
};

[[noreturn]] void refuse(const std::string& reason) { throw Refused{reason}; }

const Json& part(const Json& json, const char* name, const std::string& where) {
  const auto found = json.find(name);
  if (found == json.end()) refuse(where + " has no '" + name + "'");
  return *found;
}

const Json& list(const Json& json, const char* name, const std::string& where) {
  const Json& found = part(json, name, where);
  if (!found.is_array()) refuse("'" + std::string(name) + "' of " + where + " is not a list");
  return found;
}

std::string text(const Json& json, const std::string& what) {
  if (!json.is_string()) refuse(what + " is not a text");
  auto found = json.get<std::string>();
  if (found.size() > kMostText) refuse(what + " has more than 4096 bytes");
  return found;
}

std::int64_t integer(const Json& json, const std::string& what) {
  const bool fits =
      json.is_number_integer() &&
      (!json.is_number_unsigned() ||
       json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits) refuse(what + " is not an integer");
  return json.get<std::int64_t>();
}

double number(const Json& json, const std::string& what) {
  if (!json.is_number_float() || !std::isfinite(json.get<double>()))
    refuse(what + " is not a number with a point");
  return json.get<double>();
}

Dimension dimension(const Json& json, const std::string& what) {
  Dimension size;
  if (json.is_array()) {
    if (json.size() != 2) refuse(what + " holds a size that is neither a number nor a pair of two");
    size = {integer(json[0], what), integer(json[1], what)};
    if (size.is_fixed()) refuse(what + " holds a pair that does not grow with the batch");
  } else {
    size = integer(json, what);
  }
  if (!size.valid()) refuse(what + " holds a size out of range");
  return size;
}

Shape shape(const Json& json, const std::string& what) {
  if (!json.is_array() || json.size() > 8) refuse(what + " is not a list of up to 8 sizes");
  Shape sizes;
  for (const Json& size : json) sizes.push_back(dimension(size, what));
  return sizes;
}

Attribute attribute(const Json& json, AttributeKind kind, const std::string& what) {
  switch (kind) {
    case AttributeKind::kFlag:
      if (!json.is_boolean()) refuse(what + " is neither true nor false");
      return json.get<bool>();
    case AttributeKind::kInteger:
      return integer(json, what);
    case AttributeKind::kNumber:
      return number(json, what);
    case AttributeKind::kWord:
      return text(json, what);
    case AttributeKind::kIntegers: {
      if (!json.is_array() || json.size() > 64) refuse(what + " is not a list of up to 64 integers");
      std::vector<std::int64_t> values;
      for (const Json& value : json) values.push_back(integer(value, what));
      return values;
    }
    case AttributeKind::kDimensions:
      return shape(json, what);
  }
  refuse(what + " is of no known kind");
}

template <class T>
T taken(Result<T> result, const std::string& what) {
  if (!result) refuse(what + ": " + result.problem().reason);
  return std::move(result).value();
}

std::string numbered(std::string_view what, std::size_t index) {
  return std::string(what).append(" ").append(std::to_string(index));
}

void read_inputs(const Json& json, GraphBuilder& builder, Model& model) {
  std::size_t index = 0;
  for (const Json& input : list(json, "inputs", "the graph")) {
    const std::string where = numbered("input", index++);
    const std::string type = text(part(input, "dtype", where), where);
    const auto spoken = dtype(type);
    if (!spoken) {
      refuse(
          std::string(where).append(" is of the type '").append(type).append("', which is not spoken here"));
    }
    static_cast<void>(taken(builder.add_input(text(part(input, "name", where), where),
                                              {*spoken, shape(part(input, "shape", where), where)}),
                            where));
    const auto range = input.find("range");
    if (range == input.end()) {
      model.ranges.emplace_back();
      continue;
    }
    if (!range->is_array() || range->size() != 2) refuse("the range of " + where + " is not two numbers");
    const Range limits{number((*range)[0], where), number((*range)[1], where)};
    if (limits.least > limits.most) refuse("the range of " + where + " is empty");
    model.ranges.emplace_back(limits);
  }
}

void read_node(const Json& json, const std::string& where, GraphBuilder& builder) {
  const std::string name = text(part(json, "operator", where), where);
  const std::int64_t version = integer(part(json, "version", where), where);
  const Operator* applied =
      version >= 1 && version <= 1000 ? find_operator(name, static_cast<int>(version)) : nullptr;
  if (applied == nullptr) {
    refuse(where + " is the operator '" + name + "' of version " + std::to_string(version) +
           ", which is not known here");
  }
  std::vector<std::optional<ValueId>> inputs;
  for (const Json& input : list(json, "inputs", where)) {
    if (input.is_null()) {
      inputs.emplace_back();
      continue;
    }
    const std::int64_t value = integer(input, "an input of " + where);
    if (value < 0 || value > std::numeric_limits<ValueId>::max())
      refuse("an input of " + where + " is no value");
    inputs.emplace_back(static_cast<ValueId>(value));
  }
  Attributes attributes;
  if (const auto given = json.find("attributes"); given != json.end()) {
    if (!given->is_object()) refuse("the attributes of " + where + " are not named");
    for (const auto& [key, value] : given->items()) {
      const auto rule = std::ranges::find(applied->attributes, std::string_view(key), &AttributeRule::name);
      std::string what = "attribute '";
      what.append(key, 0, kShownName).append("' of ").append(where);
      if (rule == applied->attributes.end())
        refuse(what.append(" (").append(name).append(") is none that it takes"));
      attributes.emplace(key, attribute(value, rule->kind, what));
    }
  }
  std::string tier;
  if (const auto given = json.find("tier"); given != json.end()) tier = text(*given, "the tier of " + where);
  static_cast<void>(taken(builder.add_node(name, static_cast<int>(version), std::move(inputs),
                                           std::move(attributes), std::move(tier)),
                          where));
}

Model read(const Json& json, const std::map<std::string, TensorType, std::less<>>& tensors) {
  if (!json.is_object()) refuse("the graph is not an object");
  const std::int64_t format = integer(part(json, "format", "the graph"), "'format'");
  if (format > kFormat) {
    refuse("the graph is of format " + std::to_string(format) + ", newer than the " +
           std::to_string(kFormat) + " that is read here");
  }
  if (format < 1) refuse("there is no format " + std::to_string(format));
  Model model;
  GraphBuilder builder;
  read_inputs(json, builder, model);
  for (const auto& [name, type] : tensors)
    static_cast<void>(taken(builder.add_constant(name, type), "tensor '" + name + "'"));
  std::size_t index = 0;
  for (const Json& node : list(json, "nodes", "the graph"))
    read_node(node, numbered("node", index++), builder);
  for (const Json& exit : list(json, "exits", "the graph")) {
    const std::int64_t value = integer(part(exit, "value", "an exit"), "the value of an exit");
    if (value < 0 || value > std::numeric_limits<ValueId>::max()) refuse("the value of an exit is none");
    const auto wrong = builder.add_exit(text(part(exit, "name", "an exit"), "the name of an exit"),
                                        static_cast<ValueId>(value));
    if (wrong) refuse("exit " + std::to_string(wrong->position) + ": " + wrong->reason);
  }
  model.graph = taken(std::move(builder).finish(), "the graph");
  if (const auto classes = json.find("classes"); classes != json.end()) {
    const Dimension& scores = model.graph.type(model.graph.exits().front().value).shape[1];
    if (!classes->is_array() || classes->size() > kMostClasses ||
        Dimension(static_cast<std::int64_t>(classes->size())) != scores) {
      refuse("'classes' is not a list of " + scores.text() + " labels");
    }
    for (const Json& label : *classes) model.classes.push_back(text(label, "a label"));
  }
  if (const auto licence = json.find("licence"); licence != json.end())
    model.licence = text(*licence, "'licence'");
  if (const auto origin = json.find("provenance"); origin != json.end()) {
    if (!origin->is_object() || origin->size() > kMostProvenance)
      refuse("'provenance' is not up to 64 named texts");
    for (const auto& [key, value] : origin->items())
      model.provenance.emplace(key, text(value, '\'' + key.substr(0, 64) + "' of the provenance"));
  }
  return model;
}

}  // namespace

std::string to_json(const Model& model) {
  const Graph& graph = model.graph;
  Json json{
      {"format", kFormat}, {"inputs", Json::array()}, {"nodes", Json::array()}, {"exits", Json::array()}};
  for (std::size_t index = 0; index < graph.inputs().size(); ++index) {
    json["inputs"].push_back(written(graph.inputs()[index], model.ranges[index]));
  }
  for (const Node& node : graph.nodes()) json["nodes"].push_back(written(node));
  for (const Exit& exit : graph.exits())
    json["exits"].push_back({{"name", exit.name}, {"value", exit.value}});
  if (!model.classes.empty()) json["classes"] = model.classes;
  if (!model.licence.empty()) json["licence"] = model.licence;
  if (!model.provenance.empty()) json["provenance"] = model.provenance;
  return json.dump();
}

Result<Model> model_from_json(std::string_view text,
                              const std::map<std::string, TensorType, std::less<>>& tensors) {
  try {
    Model model = read(Json::parse(text), tensors);
    // One model has one text: a part unknown here, a space, another order, a number written otherwise.
    if (to_json(model) != text)
      return Problem{0, "the graph is not in its canonical form, or says more than is known here"};
    return model;
  } catch (const Json::parse_error& error) {
    return Problem{std::min(error.byte, text.size()), "the graph is no JSON"};
  } catch (const Json::exception&) {
    return Problem{0, "the graph holds a text that is not UTF-8 or a number out of range"};
  } catch (const Refused& refused) {
    return Problem{0, printable(refused.reason)};
  }
}

}  // namespace idn::graph
