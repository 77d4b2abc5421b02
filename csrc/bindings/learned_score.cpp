#include "idn/exits/learned_score.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <torch/csrc/utils/pybind.h>

#include "bindings.h"
#include "idn_torch/criterion.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

template <typename T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <typename T>
std::span<const T> view(const Array<T>& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

}  // namespace

void bind_learned_score(py::module_& module) {
  using exits::Features;
  using exits::LearnedScore;
  py::class_<LearnedScore>(module, "LearnedScore", "A logistic regression on the features of an exit.")
      .def(py::init(
               [](const Features& mean, const Features& deviation, const Features& weight, double intercept) {
                 return LearnedScore{
                     .mean = mean, .deviation = deviation, .weight = weight, .intercept = intercept};
               }),
           py::arg("mean"), py::arg("deviation"), py::arg("weight"), py::arg("intercept"))
      .def_readonly("mean", &LearnedScore::mean)
      .def_readonly("deviation", &LearnedScore::deviation)
      .def_readonly("weight", &LearnedScore::weight)
      .def_readonly("intercept", &LearnedScore::intercept);
  module.attr("FEATURES") = exits::kFeatures;
  module.def("exit_features", &idn_torch::exit_features, py::arg("outputs"),
             py::call_guard<py::gil_scoped_release>(),
             "What a learned score sees of the last exit: float64 (batch, features), on the CPU.");
  module.def("learned_scores", &idn_torch::learned_scores, py::arg("outputs"), py::arg("learned"),
             py::call_guard<py::gil_scoped_release>(),
             "How probably the last exit is right: float64 (batch).");
  module.def(
      "fit_learned_score",
      [](const Array<double>& features, const Array<std::uint8_t>& right) {
        const py::gil_scoped_release release;
        return exits::fit_learned_score(view(features), view(right));
      },
      py::arg("features"), py::arg("right"),
      "The regression that tells best, from features (samples, features), where an exit is right.");
}

}  // namespace idn::bindings
