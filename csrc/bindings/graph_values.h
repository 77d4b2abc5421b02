#pragma once

#include <ATen/core/Tensor.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

#include "idn/graph/package.h"

// What of a graph looks different in Python: types, sizes and attributes.
namespace idn::bindings {

/// The type of a safetensors name; a std::invalid_argument for another name.
graph::DType dtype_of(const std::string& name);

/// The type and fixed shape of a tensor; a std::invalid_argument for a type that packages do not hold.
graph::TensorType type_of(const at::Tensor& tensor);

/// Sizes as numbers or (per_batch, fixed).
graph::Shape shape_of(const pybind11::sequence& sizes);

/// Sizes as (per_batch, fixed).
pybind11::list to_python(const graph::Shape& shape);

pybind11::dict to_python(const graph::Attributes& attributes);

/// Attributes by the kinds that an operator expects.
graph::Attributes attributes_of(const pybind11::dict& given, const graph::Operator& applied);

/// The operator of a name and version, 0 for the newest.
const graph::Operator& operator_of(const std::string& name, int version);

pybind11::list operators_as_python();
pybind11::list inputs_of(const graph::Model& model);
pybind11::list constants_of(const graph::Graph& graph);
pybind11::list exits_of(const graph::Graph& graph);

/// A constant's elements, copied.
at::Tensor copy_of(const graph::Package& package, const std::string& name);

/// The batch, if there can be one: from 0 to Dimension::kMax.
std::int64_t checked_batch(std::int64_t batch);

}  // namespace idn::bindings
