#include "idn_torch/engine.h"

#include <ATen/ops/empty.h>
#include <pybind11/stl.h>
#include <torch/csrc/utils/pybind.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "bindings.h"
#include "integer_argument.h"
#include "tensor_arguments.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using idn_torch::Compaction;
using idn_torch::Engine;
using idn_torch::Executor;

constexpr std::size_t kMaxThreads = 4096;

template <class T>
at::Tensor tensor_of(const std::vector<T>& values) {
  at::Tensor tensor =
      at::empty({static_cast<std::int64_t>(values.size())}, c10::CppTypeToScalarType<T>::value);
  std::ranges::copy(values, tensor.template mutable_data_ptr<T>());
  return tensor;
}

}  // namespace

void bind_engine(py::module_& module) {
  py::enum_<Compaction>(module, "Compaction", "Whether a batch is rid of samples that have left.")
      .value("AUTO", Compaction::kAuto)
      .value("ALWAYS", Compaction::kAlways)
      .value("NEVER", Compaction::kNever);
  py::class_<Engine>(module, "Engine",
                     "Runs a package, each sample up to the first exit that is sure enough.")
      .def(py::init([](const Executor& executor, const exits::Policy& policy, const IntegerArgument& threads,
                       Compaction compaction, const std::optional<graph::SegmentTimes>& times) {
             return Engine(std::make_shared<const Executor>(executor), policy,
                           {.threads = threads.within<std::size_t>("threads", 1, kMaxThreads),
                            .compaction = compaction,
                            .times = times});
           }),
           py::arg("executor"), py::arg("policy"), py::kw_only(), py::arg("threads"), py::arg("compaction"),
           py::arg("times") = py::none())
      .def(
          "__call__",
          [](const Engine& self, const TensorArguments& inputs) {
            const std::vector<at::Tensor> tensors = inputs.of(self.executor().package().model());
            const py::gil_scoped_release release;
            const idn_torch::Answers answers = self(tensors);
            return std::tuple(tensor_of(answers.labels), tensor_of(answers.confidences),
                              tensor_of(answers.exits), tensor_of(answers.operations));
          },
          py::arg("inputs"), "Labels, confidences, exits and operations of each sample, in order.");
}

}  // namespace idn::bindings
