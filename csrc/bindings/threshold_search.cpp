#include "idn/exits/threshold_search.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "idn/exits/threshold_grid.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

template <typename T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <typename T>
std::span<const T> view(const Array<T>& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

exits::ThresholdSearchData data_of(const Array<double>& scores, const Array<std::uint8_t>& correct,
                                   const Array<double>& cost, bool leaves_at_or_above) {
  if (correct.ndim() != 2) throw py::value_error("correct must have shape (exits, samples).");
  return {.samples = static_cast<std::size_t>(correct.shape(1)),
          .exits = static_cast<std::size_t>(correct.shape(0)),
          .scores = view(scores),
          .correct = view(correct),
          .cost = view(cost),
          .leaves_at_or_above = leaves_at_or_above};
}

template <typename T>
py::array_t<T> array_of(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
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
        const exits::ThresholdSearchData data = data_of(scores, correct, cost, leaves_at_or_above);
        const py::gil_scoped_release release;
        return exits::pareto_front(data, candidates_per_exit, most_steps);
      },
      py::arg("scores"), py::arg("correct"), py::arg("cost"), py::arg("leaves_at_or_above"),
      py::arg("candidates_per_exit"), py::arg("most_steps"),
      "The Pareto front over thresholds: scores (early exits, samples), correct (exits, samples), cost "
      "(exits).");
  using exits::ThresholdGrid;
  py::class_<ThresholdGrid>(module, "ThresholdGrid", "What every combination of some thresholds comes to.")
      .def_readonly("combinations", &ThresholdGrid::combinations)
      .def_property_readonly(
          "leaving", [](const ThresholdGrid& grid) { return array_of(grid.leaving); },
          "uint32 (exits * combinations): samples that leave at each exit.")
      .def_property_readonly(
          "correct", [](const ThresholdGrid& grid) { return array_of(grid.correct); },
          "uint32 (combinations): samples answered rightly.")
      .def_property_readonly(
          "cost", [](const ThresholdGrid& grid) { return array_of(grid.cost); },
          "float64 (combinations): sum over samples.");
  module.def(
      "evaluate_grid",
      [](const Array<double>& scores, const Array<std::uint8_t>& correct, const Array<double>& cost,
         bool leaves_at_or_above, const std::vector<std::vector<std::optional<double>>>& thresholds) {
        const exits::ThresholdSearchData data = data_of(scores, correct, cost, leaves_at_or_above);
        const py::gil_scoped_release release;
        return exits::evaluate_grid(data, thresholds);
      },
      py::arg("scores"), py::arg("correct"), py::arg("cost"), py::arg("leaves_at_or_above"),
      py::arg("thresholds"), "Every combination of the thresholds given for each early exit.");
}

}  // namespace idn::bindings
