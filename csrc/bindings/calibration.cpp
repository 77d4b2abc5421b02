#include "idn/exits/calibration.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using Logits = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Labels = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

std::span<const float> view(const Logits& logits) {
  return {logits.data(), static_cast<std::size_t>(logits.size())};
}

std::span<const std::int64_t> view(const Labels& labels) {
  return {labels.data(), static_cast<std::size_t>(labels.size())};
}

std::size_t classes_of(const Logits& logits) {
  if (logits.ndim() != 2) throw py::value_error("calibration: logits must have shape (samples, classes).");
  return static_cast<std::size_t>(logits.shape(1));
}

}  // namespace

void bind_calibration(py::module_& module) {
  using exits::Calibration;
  using exits::ReliabilityBin;
  py::class_<Calibration>(module, "Calibration", "A fitted temperature, and the mean loss before and after.")
      .def_readonly("temperature", &Calibration::temperature)
      .def_readonly("loss_before", &Calibration::loss_before)
      .def_readonly("loss_after", &Calibration::loss_after);
  py::class_<ReliabilityBin>(module, "ReliabilityBin", "Predictions of about the same confidence.")
      .def_readonly("lower", &ReliabilityBin::lower)
      .def_readonly("upper", &ReliabilityBin::upper)
      .def_readonly("samples", &ReliabilityBin::samples)
      .def_readonly("confidence", &ReliabilityBin::confidence)
      .def_readonly("accuracy", &ReliabilityBin::accuracy);
  module.def(
      "fit_temperature",
      [](const Logits& logits, const Labels& labels) {
        const std::size_t classes = classes_of(logits);
        const py::gil_scoped_release release;
        return exits::fit_temperature(view(logits), view(labels), classes);
      },
      py::arg("logits"), py::arg("labels"), "The temperature that fits logits (samples, classes) best.");
  module.def(
      "reliability",
      [](const Logits& logits, const Labels& labels, double temperature, std::size_t bins) {
        const std::size_t classes = classes_of(logits);
        const py::gil_scoped_release release;
        return exits::reliability(view(logits), view(labels), classes, temperature, bins);
      },
      py::arg("logits"), py::arg("labels"), py::arg("temperature"), py::arg("bins"),
      "Confidence and accuracy in bins of equal width over confidence.");
  module.def(
      "expected_calibration_error",
      [](const std::vector<ReliabilityBin>& bins) { return exits::expected_calibration_error(bins); },
      py::arg("bins"), "The mean gap between confidence and accuracy, in [0, 1].");
}

}  // namespace idn::bindings
