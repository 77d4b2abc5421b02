#pragma once

#include <ATen/core/Tensor.h>
#include <pybind11/pybind11.h>
#include <torch/csrc/autograd/python_variable.h>

#include <string>
#include <vector>

#include "idn/graph/model.h"
#include "idn_torch/inputs.h"

namespace idn::bindings {

/// The inputs of a graph as Python gives them, whatever they are, until they are asked for as tensors.
///
/// A parameter of type std::vector<at::Tensor> would answer what is no tensor with a text that holds all of
/// its elements.
class TensorArguments {
 public:
  void load(pybind11::handle object) { given_ = pybind11::reinterpret_borrow<pybind11::object>(object); }

  /// A tensor for each input; throws std::invalid_argument for another number of them, and TypeError that
  /// names the input for what is no tensor.
  [[nodiscard]] std::vector<at::Tensor> of(const graph::Model& model) const {
    if (!pybind11::isinstance<pybind11::list>(given_) && !pybind11::isinstance<pybind11::tuple>(given_))
      throw pybind11::type_error("inputs is " + kind_of(given_) + ", expected a list of torch.Tensor.");
    const auto inputs = pybind11::reinterpret_borrow<pybind11::sequence>(given_);
    idn_torch::check_count(model, inputs.size());
    std::vector<at::Tensor> tensors;
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      const pybind11::object one = inputs[index];
      if (!THPVariable_Check(one.ptr())) refuse(model.graph.inputs()[index], one);
      tensors.push_back(THPVariable_Unpack(one.ptr()));
    }
    return tensors;
  }

 private:
  static std::string kind_of(const pybind11::object& object) {
    if (object.is_none()) return "None";
    const auto type = pybind11::type::of(object);
    const auto module = pybind11::str(type.attr("__module__")).cast<std::string>();
    const auto name = pybind11::str(type.attr("__qualname__")).cast<std::string>();
    return "a " + (module == "builtins" ? name : module + "." + name);
  }

  [[noreturn]] static void refuse(const graph::GraphInput& input, const pybind11::object& given) {
    std::string message = "input '" + input.name + "' is " + kind_of(given) + ", expected a torch.Tensor, " +
                          input.type.text() + ".";
    if (pybind11::hasattr(given, "__array_interface__")) {
      message += " torch.from_numpy(x) makes one of it.";
    } else if (pybind11::isinstance<pybind11::list>(given) || pybind11::isinstance<pybind11::tuple>(given)) {
      message += " torch.tensor(x) makes one of numbers; several inputs are given one after the other.";
    }
    throw pybind11::type_error(message);
  }

  pybind11::object given_;
};

}  // namespace idn::bindings

namespace pybind11::detail {

template <>
struct type_caster<idn::bindings::TensorArguments> {
  PYBIND11_TYPE_CASTER(idn::bindings::TensorArguments, const_name("collections.abc.Sequence[torch.Tensor]"));

  bool load(handle object, bool /*convert*/) {
    value.load(object);
    return true;
  }
};

}  // namespace pybind11::detail
