#include "idn/exits/policy.h"

#include <pybind11/stl.h>

#include <utility>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_policy(py::module_& module) {
  using exits::Criterion;
  using exits::LearnedScore;
  using exits::Policy;
  py::class_<Policy>(module, "Policy", "A criterion and what it compares with at each early exit.")
      .def(py::init([](Criterion criterion, std::vector<std::optional<double>> thresholds,
                       std::vector<double> temperatures, std::vector<LearnedScore> learned) {
             Policy policy{.criterion = criterion,
                           .thresholds = std::move(thresholds),
                           .temperatures = std::move(temperatures),
                           .learned = std::move(learned)};
             exits::check_policy(policy);
             return policy;
           }),
           py::arg("criterion"), py::arg("thresholds"), py::arg("temperatures") = std::vector<double>{},
           py::arg("learned") = std::vector<LearnedScore>{},
           "Raises ValueError for numbers out of range or too few of a kind.")
      .def_readonly("criterion", &Policy::criterion)
      .def_readonly("thresholds", &Policy::thresholds)
      .def_readonly("temperatures", &Policy::temperatures)
      .def_readonly("learned", &Policy::learned);
}

}  // namespace idn::bindings
