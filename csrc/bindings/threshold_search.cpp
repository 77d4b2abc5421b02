#include "idn/exits/threshold_search.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "bindings.h"

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

void bind_threshold_search(py::module_& module) {
  using exits::ThresholdPoint;
  py::class_<ThresholdPoint>(module, "ThresholdPoint", "Thresholds, and what they come to.")
      .def_readonly("thresholds", &ThresholdPoint::thresholds)
      .def_readonly("correct", &ThresholdPoint::correct)
      .def_readonly("cost", &ThresholdPoint::cost);
  module.def(
      "pareto_front",
      [](const Array<double>& scores, const Array<std::uint8_t>& correct, const Array<double>& cost,
         bool leaves_at_or_above, std::size_t candidates_per_exit, double most_steps) {
        if (correct.ndim() != 2) throw py::value_error("correct must have shape (exits, samples).");
        const exits::ThresholdSearchData data{.samples = static_cast<std::size_t>(correct.shape(1)),
                                              .exits = static_cast<std::size_t>(correct.shape(0)),
                                              .scores = view(scores),
                                              .correct = view(correct),
                                              .cost = view(cost),
                                              .leaves_at_or_above = leaves_at_or_above};
        const py::gil_scoped_release release;
        return exits::pareto_front(data, candidates_per_exit, most_steps);
      },
      py::arg("scores"), py::arg("correct"), py::arg("cost"), py::arg("leaves_at_or_above"),
      py::arg("candidates_per_exit"), py::arg("most_steps"),
      "The Pareto front over thresholds: scores (early exits, samples), correct (exits, samples), cost "
      "(exits).");
}

}  // namespace idn::bindings
