#include "idn/graph/segment_time.h"

#include <pybind11/stl.h>

#include <utility>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

// (batch, seconds) as they were measured.
using Points = std::vector<std::pair<std::int64_t, double>>;

graph::SegmentTimes times_of(const std::vector<Points>& segments, double fixed_seconds,
                             double seconds_per_byte) {
  std::vector<graph::SegmentTime> times;
  for (const Points& points : segments) {
    std::vector<graph::MeasuredTime> measured;
    for (const auto& [batch, seconds] : points) measured.push_back({.batch = batch, .seconds = seconds});
    times.emplace_back(measured);
  }
  return graph::SegmentTimes(std::move(times),
                             {.fixed_seconds = fixed_seconds, .seconds_per_byte = seconds_per_byte});
}

}  // namespace

void bind_segment_time(py::module_& module) {
  using graph::SegmentTimes;
  py::class_<SegmentTimes>(module, "SegmentTimes", "The times of all segments, from what was measured.")
      .def(py::init(&times_of), py::arg("segments"), py::arg("fixed_seconds") = 0.0,
           py::arg("seconds_per_byte") = 0.0,
           "Of each segment (batch, seconds) in any order; and what copying the rows that stay takes.")
      .def("predicts", &SegmentTimes::predicts, py::arg("segment"), py::arg("batch"),
           "The seconds of a segment, from 0, at a batch.")
      .def("compaction_pays", &SegmentTimes::compaction_pays, py::arg("segment"), py::arg("rows"),
           py::arg("kept"), py::arg("bytes"),
           "Whether the rest, from a segment on, is sooner done with some of the rows.");
}

}  // namespace idn::bindings
