#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>
#include <torch/csrc/utils/pybind.h>

#include <filesystem>
#include <utility>

#include "bindings.h"
#include "byte_arguments.h"
#include "graph_values.h"
#include "idn/core/error.h"
#include "idn/graph/package.h"
#include "idn/graph/segments.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using graph::Graph;
using graph::GraphBuilder;
using graph::Limits;
using graph::Model;
using graph::Package;

// A builder that keeps the tensors beside the steps, and what is known of the inputs.
class Builder {
 public:
  graph::ValueId add_input(const std::string& name, const std::string& dtype, const py::sequence& shape,
                           const std::optional<std::pair<double, double>>& range) {
    const auto value = builder_.add_input(name, {dtype_of(dtype), shape_of(shape)});
    const graph::ValueId id = taken(value, "input '" + name + "'");
    model_.ranges.emplace_back();
    if (range) model_.ranges.back() = graph::Range{range->first, range->second};
    return id;
  }

  graph::ValueId add_constant(const std::string& name, const at::Tensor& tensor) {
    const at::Tensor kept = tensor.detach().to(at::kCPU).contiguous();
    const auto value = builder_.add_constant(name, type_of(kept));
    const graph::ValueId id = taken(value, "tensor '" + name + "'");
    tensors_.emplace(name, kept);
    return id;
  }

  std::vector<graph::ValueId> add_node(const std::string& name,
                                       std::vector<std::optional<graph::ValueId>> inputs,
                                       const py::dict& attributes, std::string tier, int version) {
    const graph::Operator& applied = operator_of(name, version);
    const auto first = builder_.add_node(name, applied.version, std::move(inputs),
                                         attributes_of(attributes, applied), std::move(tier));
    const graph::ValueId id = taken(first, "operator '" + name + "'");
    std::vector<graph::ValueId> outputs;
    for (graph::ValueId value = id; value < builder_.values(); ++value) outputs.push_back(value);
    return outputs;
  }

  void add_exit(const std::string& name, graph::ValueId value) {
    known(value);
    if (const auto wrong = builder_.add_exit(name, value))
      throw std::invalid_argument("exit '" + name + "': " + wrong->reason + ".");
  }

  [[nodiscard]] std::pair<std::string, py::list> type(graph::ValueId value) const {
    known(value);
    const graph::TensorType& type = builder_.type(value);
    return {std::string(to_string(type.dtype)), to_python(type.shape)};
  }

  Package finish(std::vector<std::string> classes, std::string licence,
                 std::map<std::string, std::string> provenance, const Limits& limits) {
    auto finished = std::move(builder_).finish();
    if (!finished) throw std::invalid_argument("the graph: " + finished.problem().reason + ".");
    model_.graph = std::move(finished).value();
    model_.classes = std::move(classes);
    model_.licence = std::move(licence);
    model_.provenance = std::move(provenance);
    const py::gil_scoped_release release;
    Bytes bytes = to_package(model_, [this](const graph::Constant& constant) {
      const at::Tensor& tensor = tensors_.at(constant.name);
      return ByteView(static_cast<const std::uint8_t*>(tensor.data_ptr()), tensor.nbytes());
    });
    // Read as a stranger's would be: what is written here is what can be opened.
    return Package::from_bytes(std::move(bytes), limits).or_throw("the package");
  }

 private:
  void known(graph::ValueId value) const {
    if (value >= builder_.values()) {
      throw std::invalid_argument("value " + std::to_string(value) + " is none of the " +
                                  std::to_string(builder_.values()) + " so far.");
    }
  }

  static graph::ValueId taken(const Result<graph::ValueId>& result, const std::string& what) {
    if (!result) throw std::invalid_argument(what + ": " + result.problem().reason + ".");
    return *result;
  }

  GraphBuilder builder_;
  Model model_;
  std::map<std::string, at::Tensor> tensors_;
};

py::list nodes_of(const Graph& graph) {
  py::list nodes;
  for (const graph::Node& node : graph.nodes()) {
    py::list outputs;
    for (std::uint32_t k = 0; k < node.outputs; ++k) outputs.append(node.first_output + k);
    nodes.append(py::dict(py::arg("operator") = node.applied->name,
                          py::arg("version") = node.applied->version, py::arg("inputs") = node.inputs,
                          py::arg("outputs") = outputs, py::arg("attributes") = to_python(node.attributes),
                          py::arg("tier") = node.tier));
  }
  return nodes;
}

py::list segments_of(const Graph& graph) {
  py::list found;
  for (const graph::Segment& segment : graph::segments(graph))
    found.append(py::dict(py::arg("nodes") = segment.nodes, py::arg("live") = segment.live));
  return found;
}

Package opened(const std::filesystem::path& path, const Limits& limits) {
  const py::gil_scoped_release release;
  auto read = Package::open(path.string(), limits);
  if (!read) throw PackageError(path.string() + " is refused " + to_string(read.problem()) + ".");
  return std::move(read).value();
}

Package from_bytes(const py::object& data, const Limits& limits) {
  const ByteView view = ByteArgument(data).view();
  auto read = Package::from_bytes(Bytes(view.begin(), view.end()), limits);
  if (!read) throw PackageError("the package is refused " + to_string(read.problem()) + ".");
  return std::move(read).value();
}

void bind_limits(py::module_& module) {
  py::class_<Limits>(module, "Limits", "What a package may ask for; more is refused when it is opened.")
      .def(py::init<>())
      .def_readwrite("file_bytes", &Limits::file_bytes)
      .def_readwrite("header_bytes", &Limits::header_bytes)
      .def_readwrite("batch", &Limits::batch, "At which operations and peak_bytes hold.")
      .def_readwrite("operations", &Limits::operations)
      .def_readwrite("peak_bytes", &Limits::peak_bytes);
}

void bind_builder(py::module_& module) {
  py::class_<Builder>(module, "GraphBuilder",
                      "Makes a package step by step: inputs, constants, nodes, exits. A step that is refused "
                      "is a ValueError and leaves the builder as it was.")
      .def(py::init<>())
      .def("add_input", &Builder::add_input, py::arg("name"), py::arg("dtype"), py::arg("shape"),
           py::arg("range") = py::none(), "A size is a number or (per_batch, fixed). Gives the value.")
      .def("add_constant", &Builder::add_constant, py::arg("name"), py::arg("tensor"),
           "A tensor of the package, kept until finish. Gives the value.")
      .def("add_node", &Builder::add_node, py::arg("operator"), py::arg("inputs"),
           py::arg("attributes") = py::dict(), py::arg("tier") = "", py::arg("version") = 0,
           "An operator on values, None for one left out; version 0 is the newest. Gives the outputs.")
      .def("add_exit", &Builder::add_exit, py::arg("name"), py::arg("value"), "The next exit.")
      .def("type", &Builder::type, py::arg("value"), "The dtype and shape of a value so far.")
      .def("finish", &Builder::finish, py::arg("classes") = std::vector<std::string>{},
           py::arg("licence") = "", py::arg("provenance") = std::map<std::string, std::string>{},
           py::arg_v("limits", Limits{}, "Limits()"), "The package; the builder is used up.");
}

}  // namespace

void bind_graph(py::module_& module) {
  bind_limits(module);
  module.def("operators", &operators_as_python, "The operators, by name and version.");
  py::class_<Package> package(module, "Package",
                              "A model as data; whatever is in one has passed every check.");
  package
      .def_static("open", &opened, py::arg("path"), py::arg_v("limits", Limits{}, "Limits()"), "Maps a file.")
      .def_static("from_bytes", &from_bytes, py::arg("data"), py::arg_v("limits", Limits{}, "Limits()"),
                  "Copies bytes.")
      .def(
          "bytes", [](const Package& self) { return to_python(self.bytes()); }, "The whole file.")
      .def_property_readonly("inputs", [](const Package& self) { return inputs_of(self.model()); })
      .def_property_readonly("constants", [](const Package& self) { return constants_of(self.graph()); })
      .def_property_readonly("nodes", [](const Package& self) { return nodes_of(self.graph()); })
      .def_property_readonly("exits", [](const Package& self) { return exits_of(self.graph()); })
      .def_property_readonly("values", [](const Package& self) { return self.graph().values(); })
      .def_property_readonly("classes", [](const Package& self) { return self.model().classes; })
      .def_property_readonly("licence", [](const Package& self) { return self.model().licence; })
      .def_property_readonly("provenance", [](const Package& self) { return self.model().provenance; })
      .def_property_readonly(
          "json", [](const Package& self) { return to_json(self.model()); },
          "The graph as the header has it.")
      .def(
          "type",
          [](const Package& self, graph::ValueId value) {
            if (value >= self.graph().values()) throw py::index_error("there is no such value");
            const graph::TensorType& type = self.graph().type(value);
            return std::pair(std::string(to_string(type.dtype)), to_python(type.shape));
          },
          py::arg("value"), "The dtype and shape of a value.")
      .def(
          "tensor", [](const Package& self, const std::string& name) { return copy_of(self, name); },
          py::arg("name"), "A copy of a constant.")
      .def(
          "segments", [](const Package& self) { return segments_of(self.graph()); },
          "For each exit the nodes it needs and exits before did not compute, and the values live after it.")
      .def(
          "operations",
          [](const Package& self, std::int64_t batch) {
            return self.graph().operations(checked_batch(batch));
          },
          py::arg("batch") = 1, "What all exits together do at a batch, in operations.")
      .def(
          "node_operations",
          [](const Package& self, std::int64_t batch) {
            checked_batch(batch);
            std::vector<std::int64_t> counts;
            for (const graph::Node& node : self.graph().nodes())
              counts.push_back(self.graph().operations(node, batch));
            return counts;
          },
          py::arg("batch") = 1, "What each node does at a batch.")
      .def(
          "peak_bytes",
          [](const Package& self, std::int64_t batch) {
            return graph::peak_bytes(self.graph(), checked_batch(batch));
          },
          py::arg("batch") = 1, "The most bytes of values held at once, constants left out.");
  bind_builder(module);
}

}  // namespace idn::bindings
