#include "idn_torch/executor.h"

#include <pybind11/stl.h>
#include <torch/csrc/utils/pybind.h>

#include <optional>
#include <string>

#include "bindings.h"
#include "idn_torch/kernels/convolution.h"
#include "tensor_arguments.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

// Without a device it is the CPU: torch's own type for one is not there yet when this module is loaded.
idn_torch::Executor executor(const graph::Package& package, bool fold_constants, bool fold_batch_norms,
                             bool fuse_convolutions, bool prepack, std::optional<at::Device> device) {
  return idn_torch::Executor(package, {.passes = {.fold_constants = fold_constants,
                                                  .fold_batch_norms = fold_batch_norms,
                                                  .fuse_convolutions = fuse_convolutions,
                                                  .prepack = prepack},
                                       .device = device.value_or(at::kCPU)});
}

std::string shown(const idn_torch::Execution& execution) {
  return "Execution(done=" + std::to_string(execution.done()) + ", rows=" + std::to_string(execution.rows()) +
         ")";
}

}  // namespace

void bind_executor(py::module_& module) {
  using idn_torch::Execution;
  using idn_torch::Executor;
  module.def(
      "convolution_lanes", &idn_torch::kernels::Convolution::lanes_here,
      "How many output channels idn's convolution computes side by side here; 0 where it is not used.");
  py::class_<Execution>(module, "Execution", "One request, exit by exit; used by one thread at a time.")
      .def("next", &Execution::next, py::call_guard<py::gil_scoped_release>(),
           "Runs the next segment: the logits of its exit, float32 (rows, classes).")
      .def("keep", &Execution::keep, py::arg("rows"), py::call_guard<py::gil_scoped_release>(),
           "Goes on with these rows of those still in, in ascending order.")
      .def_property_readonly("done", &Execution::done, "Exits computed so far.")
      .def_property_readonly("rows", &Execution::rows, "Samples still in.")
      .def_property_readonly("can_keep", &Execution::can_keep,
                             "Whether what is still to be read keeps samples apart.")
      .def("__repr__", &shown);
  py::class_<Executor>(module, "Executor", "Runs a package; one serves many threads at once.")
      .def(py::init(&executor), py::arg("package"), py::kw_only(), py::arg("fold_constants") = true,
           py::arg("fold_batch_norms") = true, py::arg("fuse_convolutions") = true, py::arg("prepack") = true,
           py::arg("device") = py::none(), py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("package", &Executor::package)
      .def_property_readonly("device", [](const Executor& self) { return self.options().device; })
      .def_property_readonly("steps", &Executor::steps, "How many kernels a request runs.")
      .def(
          "run",
          [](const Executor& self, const TensorArguments& inputs) {
            const std::vector<at::Tensor> tensors = inputs.of(self.package().model());
            const py::gil_scoped_release release;
            return self.run(tensors);
          },
          py::arg("inputs"), "The logits of all exits, in order: float32 (batch, classes) each.")
      .def(
          "start",
          [](const Executor& self, const TensorArguments& inputs) {
            const std::vector<at::Tensor> tensors = inputs.of(self.package().model());
            const py::gil_scoped_release release;
            return self.start(tensors);
          },
          py::arg("inputs"), "The same exit by exit.")
      .def("__repr__",
           [](const Executor& self) { return "Executor(device=" + self.options().device.str() + ")"; });
}

}  // namespace idn::bindings
