#include "graph_values.h"

#include <ATen/Functions.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace py = pybind11;

namespace idn::bindings {
namespace {

using graph::Attribute;
using graph::AttributeKind;
using graph::DType;

constexpr std::pair<DType, at::ScalarType> kTypes[] = {
    {DType::kFloat32, at::kFloat}, {DType::kFloat16, at::kHalf}, {DType::kBFloat16, at::kBFloat16},
    {DType::kInt64, at::kLong},    {DType::kInt32, at::kInt},    {DType::kUint8, at::kByte},
    {DType::kBool, at::kBool}};

at::ScalarType scalar_type(DType dtype) {
  return std::ranges::find(kTypes, dtype, &std::pair<DType, at::ScalarType>::first)->second;
}

graph::Dimension dimension_of(const py::handle& size) {
  if (py::isinstance<py::sequence>(size)) {
    const auto pair = size.cast<std::pair<std::int64_t, std::int64_t>>();
    return {pair.first, pair.second};
  }
  return size.cast<std::int64_t>();
}

Attribute attribute_of(const py::handle& value, AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kFlag:
      return value.cast<bool>();
    case AttributeKind::kInteger:
      return value.cast<std::int64_t>();
    case AttributeKind::kNumber:
      return value.cast<double>();
    case AttributeKind::kWord:
      return value.cast<std::string>();
    case AttributeKind::kIntegers:
      return value.cast<std::vector<std::int64_t>>();
    case AttributeKind::kDimensions:
      return shape_of(value.cast<py::sequence>());
  }
  throw std::invalid_argument("an attribute of no kind.");
}

py::object to_python(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) -> py::object {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, graph::Shape>) {
          return bindings::to_python(value);
        } else {
          return py::cast(value);
        }
      },
      attribute);
}

}  // namespace

DType dtype_of(const std::string& name) {
  const auto found = graph::dtype(name);
  if (!found)
    throw std::invalid_argument("type '" + name + "' is none of F32, F16, BF16, I64, I32, U8, BOOL.");
  return *found;
}

graph::TensorType type_of(const at::Tensor& tensor) {
  const auto* found =
      std::ranges::find(kTypes, tensor.scalar_type(), &std::pair<DType, at::ScalarType>::second);
  if (found == std::end(kTypes)) {
    throw std::invalid_argument(std::string("a tensor of type ")
                                    .append(c10::toString(tensor.scalar_type()))
                                    .append(" can't be in a package; convert it to float32, float16, "
                                            "bfloat16, int64, int32, uint8 or bool."));
  }
  graph::Shape shape;
  for (const std::int64_t size : tensor.sizes()) shape.emplace_back(size);
  return {found->first, std::move(shape)};
}

graph::Shape shape_of(const py::sequence& sizes) {
  graph::Shape shape;
  for (const py::handle size : sizes) shape.push_back(dimension_of(size));
  return shape;
}

py::list to_python(const graph::Shape& shape) {
  py::list sizes;
  for (const graph::Dimension& size : shape) sizes.append(py::make_tuple(size.per_batch, size.fixed));
  return sizes;
}

py::dict to_python(const graph::Attributes& attributes) {
  py::dict given;
  for (const auto& [name, value] : attributes) given[py::str(name)] = to_python(value);
  return given;
}

graph::Attributes attributes_of(const py::dict& given, const graph::Operator& applied) {
  graph::Attributes attributes;
  for (const auto& [key, value] : given) {
    const auto name = key.cast<std::string>();
    const auto rule =
        std::ranges::find(applied.attributes, std::string_view(name), &graph::AttributeRule::name);
    if (rule == applied.attributes.end()) {
      throw std::invalid_argument("operator '" + std::string(applied.name) + "' takes no attribute '" + name +
                                  "'.");
    }
    try {
      attributes.emplace(name, attribute_of(value, rule->kind));
    } catch (const py::cast_error&) {
      throw std::invalid_argument("attribute '" + name + "' of '" + std::string(applied.name) + "' is " +
                                  py::repr(value).cast<std::string>() +
                                  ", expected: " + std::string(graph::to_string(rule->kind)) + ".");
    }
  }
  return attributes;
}

const graph::Operator& operator_of(const std::string& name, int version) {
  const graph::Operator* newest = nullptr;
  for (const graph::Operator& one : graph::operators()) {
    if (one.name == name && (version == 0 || one.version == version)) newest = &one;
  }
  if (newest == nullptr) {
    throw std::invalid_argument(
        "there is no operator '" + name + "'" +
        (version == 0 ? std::string(".") : " of version " + std::to_string(version) + "."));
  }
  return *newest;
}

py::list operators_as_python() {
  py::list all;
  for (const graph::Operator& one : graph::operators()) {
    py::list inputs;
    for (const graph::InputRule& rule : one.inputs) {
      inputs.append(py::dict(py::arg("name") = rule.name, py::arg("dtypes") = rule.dtypes.text(),
                             py::arg("optional") = rule.optional, py::arg("repeated") = rule.repeated));
    }
    py::list attributes;
    for (const graph::AttributeRule& rule : one.attributes) {
      attributes.append(py::dict(
          py::arg("name") = rule.name, py::arg("kind") = graph::to_string(rule.kind),
          py::arg("fallback") = rule.fallback ? to_python(*rule.fallback) : py::object(py::none()),
          py::arg("least") = rule.least, py::arg("most") = rule.most, py::arg("shortest") = rule.shortest,
          py::arg("longest") = rule.longest, py::arg("words") = rule.words));
    }
    all.append(py::dict(py::arg("name") = one.name, py::arg("version") = one.version,
                        py::arg("summary") = one.summary, py::arg("inputs") = inputs,
                        py::arg("attributes") = attributes));
  }
  return all;
}

py::list inputs_of(const graph::Model& model) {
  py::list inputs;
  for (std::size_t index = 0; index < model.graph.inputs().size(); ++index) {
    const graph::GraphInput& input = model.graph.inputs()[index];
    const auto& range = model.ranges[index];
    inputs.append(py::dict(py::arg("name") = input.name, py::arg("dtype") = to_string(input.type.dtype),
                           py::arg("shape") = to_python(input.type.shape),
                           py::arg("range") = range ? py::object(py::make_tuple(range->least, range->most))
                                                    : py::object(py::none())));
  }
  return inputs;
}

py::list constants_of(const graph::Graph& graph) {
  py::list constants;
  for (const graph::Constant& constant : graph.constants()) {
    constants.append(py::dict(py::arg("name") = constant.name,
                              py::arg("dtype") = to_string(constant.type.dtype),
                              py::arg("shape") = to_python(constant.type.shape)));
  }
  return constants;
}

py::list exits_of(const graph::Graph& graph) {
  py::list exits;
  for (const graph::Exit& exit : graph.exits())
    exits.append(py::dict(py::arg("name") = exit.name, py::arg("value") = exit.value));
  return exits;
}

at::Tensor copy_of(const graph::Package& package, const std::string& name) {
  const auto& constants = package.graph().constants();
  const auto found = std::ranges::find(constants, name, &graph::Constant::name);
  if (found == constants.end()) throw std::invalid_argument("the package has no tensor '" + name + "'.");
  std::vector<std::int64_t> sizes;
  for (const graph::Dimension& size : found->type.shape) sizes.push_back(size.fixed);
  at::Tensor copy = at::empty(sizes, scalar_type(found->type.dtype));
  const ByteView bytes = package.tensor(*found);
  if (!bytes.empty()) std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
  return copy;
}

std::int64_t checked_batch(std::int64_t batch) {
  if (batch < 0 || batch > graph::Dimension::kMax)
    throw std::invalid_argument("batch is " + std::to_string(batch) + ", expected from 0 to 2^31.");
  return batch;
}

}  // namespace idn::bindings
