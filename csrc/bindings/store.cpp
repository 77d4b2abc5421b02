#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "bindings.h"
#include "idn/store/hdf5.h"
#include "idn/store/trace.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using store::ArrayInfo;
using store::DType;

constexpr DType kDTypes[] = {DType::kUint8, DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64};

py::dtype numpy_type(DType dtype) { return py::dtype(std::string(store::dtype_name(dtype))); }

ArrayInfo describe(const py::array& array) {
  for (const DType dtype : kDTypes) {
    if (array.dtype().equal(numpy_type(dtype))) {
      return {dtype, {array.shape(), array.shape() + array.ndim()}};
    }
  }
  throw py::value_error(
      "an array of type " + std::string(py::str(array.dtype())) +
      " cannot be stored; convert it with astype() to uint8, int32, int64, float32 or float64");
}

template <typename Item>
using CArray = py::array_t<Item, py::array::c_style>;

template <typename Item>
std::span<const Item> view(const CArray<Item>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <typename Item>
std::span<Item> room(CArray<Item>& array) {
  return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

void write(store::Writer& writer, const std::string& name, const py::array& values) {
  const py::array array = py::array::ensure(values, py::array::c_style);
  const ArrayInfo info = describe(array);
  const std::span items(static_cast<const std::byte*>(array.data()),
                        static_cast<std::size_t>(array.nbytes()));
  const py::gil_scoped_release release;
  writer.write(name, info, items);
}

py::array read(store::Reader& reader, const std::string& name) {
  ArrayInfo info;
  {
    const py::gil_scoped_release release;
    info = reader.info(name);
  }
  py::array array(numpy_type(info.dtype), info.shape);
  const std::span items(static_cast<std::byte*>(array.mutable_data()),
                        static_cast<std::size_t>(array.nbytes()));
  const py::gil_scoped_release release;
  reader.read(name, items);
  return array;
}

void append(store::TraceWriter& writer, const std::string& split, const CArray<float>& logits,
            const CArray<std::int64_t>& labels, const CArray<std::int64_t>& index) {
  if (logits.ndim() != 3) {
    throw py::value_error("logits have " + std::to_string(logits.ndim()) +
                          " dimensions, expected 3: (samples, exits, classes)");
  }
  const auto size = [&](py::ssize_t axis) { return static_cast<std::size_t>(logits.shape(axis)); };
  const store::TraceBatch batch{{size(0), size(1), size(2)}, view(logits), view(labels), view(index)};
  const py::gil_scoped_release release;
  writer.append(split, batch);
}

py::tuple read_split(store::TraceReader& reader, const std::string& split) {
  store::TraceShape shape;
  {
    const py::gil_scoped_release release;
    shape = reader.shape(split);
  }
  CArray<float> logits({shape.samples, shape.exits, shape.classes});
  CArray<std::int64_t> labels(shape.samples);
  CArray<std::int64_t> index(shape.samples);
  const std::span logits_room = room(logits);
  const std::span labels_room = room(labels);
  const std::span index_room = room(index);
  {
    const py::gil_scoped_release release;
    reader.read(split, logits_room, labels_room, index_room);
  }
  return py::make_tuple(logits, labels, index);
}

}  // namespace

void bind_store(py::module_& module) {
  using Release = py::call_guard<py::gil_scoped_release>;
  using Path = std::filesystem::path;
  py::class_<store::Writer>(module, "Writer", "Writes a new file of arrays, put in its place by commit().")
      .def(py::init<const Path&, std::string_view, const store::Attributes&>(), py::arg("path"),
           py::arg("format"), py::arg("attributes"), Release())
      .def("write", &write, py::arg("name"), py::arg("array"), "Writes a whole array.")
      .def("commit", &store::Writer::commit, Release(), "Puts the file in its place.")
      .def("discard", &store::Writer::discard, Release(), "Leaves nothing of it.");
  py::class_<store::Reader>(module, "Reader", "Reads arrays from a file that is not trusted.")
      .def(py::init([](const Path& path, std::uint64_t max_bytes) {
             return store::Reader(path, {.max_bytes = max_bytes});
           }),
           py::arg("path"), py::arg("max_bytes"), Release())
      .def("names", &store::Reader::names, Release(), "The names of all arrays, sorted.")
      .def("attributes", &store::Reader::attributes, Release(), "The file's texts by name.")
      .def("read", &read, py::arg("name"), "Reads a whole array.");
  py::class_<store::TraceWriter>(module, "TraceWriter",
                                 "Writes per-sample traces, put in their place by commit().")
      .def(py::init<const Path&, const store::Attributes&>(), py::arg("path"), py::arg("attributes"),
           Release())
      .def("append", &append, py::arg("split"), py::arg("logits").noconvert(), py::arg("labels").noconvert(),
           py::arg("index").noconvert(), "Adds a batch of samples to a split.")
      .def("commit", &store::TraceWriter::commit, Release(), "Puts the file in its place.")
      .def("discard", &store::TraceWriter::discard, Release(), "Leaves nothing of it.");
  py::class_<store::TraceReader>(module, "TraceReader",
                                 "Reads per-sample traces from a file that is not trusted.")
      .def(py::init([](const Path& path, std::uint64_t max_bytes) {
             return store::TraceReader(path, {.max_bytes = max_bytes});
           }),
           py::arg("path"), py::arg("max_bytes"), Release())
      .def("splits", &store::TraceReader::splits, Release(), "The names of all splits, sorted.")
      .def("attributes", &store::TraceReader::attributes, Release(), "The file's texts by name.")
      .def("read", &read_split, py::arg("split"), "Reads a split: logits, labels and index.");
  module.attr("DEFAULT_MAX_BYTES") = store::ReadLimits{}.max_bytes;
}

}  // namespace idn::bindings
