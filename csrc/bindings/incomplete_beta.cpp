#include "idn/math/incomplete_beta.h"

#include <pybind11/numpy.h>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using Vector = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::span<const double> view(const Vector& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

}  // namespace

void bind_incomplete_beta(py::module_& module) {
  module.def(
      "incomplete_beta",
      [](const Vector& x, const Vector& a, const Vector& b, bool complement, bool log) {
        py::array_t<double> out(x.size());
        const std::span<double> result(out.mutable_data(), static_cast<std::size_t>(out.size()));
        {
          const py::gil_scoped_release release;
          math::incomplete_beta(view(x), view(a), view(b), result, {.complement = complement, .log = log});
        }
        return out;
      },
      py::arg("x"), py::arg("a"), py::arg("b"), py::kw_only(), py::arg("complement"), py::arg("log"),
      "The regularised incomplete beta function of three float64 vectors of one length.");
}

}  // namespace idn::bindings
