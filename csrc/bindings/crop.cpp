#include "idn_torch/crop.h"

#include <pybind11/stl.h>
#include <torch/csrc/utils/pybind.h>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_crop(py::module_& module) {
  module.def(
      "crop_batch", &idn_torch::crop_batch, py::arg("images"), py::arg("index"), py::kw_only(),
      py::arg("mean"), py::arg("inverse_std"), py::arg("top"), py::arg("left"), py::arg("flip"),
      py::call_guard<py::gil_scoped_release>(),
      "Picks, normalises, crops and mirrors images (samples, channels, height, width): float32 of as many.");
}

}  // namespace idn::bindings
