#include "idn/exits/criterion.h"

#include <pybind11/stl.h>
#include <torch/csrc/utils/pybind.h>

#include "bindings.h"
#include "idn_torch/criterion.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_criterion(py::module_& module) {
  using exits::Criterion;
  py::enum_<Criterion>(module, "Criterion", "What an exit looks at to decide whether a sample leaves there.")
      .value("CONFIDENCE", Criterion::kConfidence)
      .value("NORMALIZED_ENTROPY", Criterion::kNormalizedEntropy)
      .value("ENTROPY_NATS", Criterion::kEntropyNats)
      .value("MARGIN", Criterion::kMargin)
      .value("PATIENCE", Criterion::kPatience)
      .value("VOTE", Criterion::kVote)
      .value("LEARNED", Criterion::kLearned);
  module.def("leaves_at_or_above", &exits::leaves_at_or_above, py::arg("criterion"),
             "Whether a high score is a reason to leave, rather than a low one.");
  module.def("check_threshold", &exits::check_threshold, py::arg("criterion"), py::arg("threshold"),
             "Raises ValueError for a threshold out of the criterion's range.");
  module.def("check_temperature", &exits::check_temperature, py::arg("temperature"),
             "Raises ValueError unless the temperature is positive and finite.");
  module.def("exit_scores", &idn_torch::exit_scores, py::arg("logits"), py::arg("criterion"),
             py::arg("temperature"), py::arg("exit"), py::call_guard<py::gil_scoped_release>(),
             "The criterion's score of each row of logits (batch, classes): float64 (batch).");
  module.def("should_exit", &idn_torch::should_exit, py::arg("scores"), py::arg("criterion"),
             py::arg("threshold"), py::call_guard<py::gil_scoped_release>(),
             "Which rows leave: bool (batch).");
  module.def("agreeing_exits", &idn_torch::agreeing_exits, py::arg("outputs"),
             py::call_guard<py::gil_scoped_release>(),
             "How many exits directly before the last gave the last one's label: int64 (batch).");
  module.def("votes", &idn_torch::votes, py::arg("outputs"), py::call_guard<py::gil_scoped_release>(),
             "How many exits gave the last one's label, the last one included: int64 (batch).");
}

}  // namespace idn::bindings
