#include "idn/identity/multiformats/unixfs.h"

#include <pybind11/stl.h>

#include <mutex>
#include <type_traits>

#include "bindings.h"
#include "byte_arguments.h"
#include "idn/identity/multiformats/file_builder.h"
#include "idn/identity/multiformats/file_reader.h"
#include "integer_argument.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::Cid;
using identity::unixfs::FileBuilder;
using identity::unixfs::FileReader;
using identity::unixfs::Layout;

/// An object whose calls from several Python threads come one after the other, each without the GIL.
template <class Object>
class Shared {
 public:
  explicit Shared(Object object) : object_(std::move(object)) {}

  template <class Call>
  auto call(Call call) {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    return call(object_);
  }

 private:
  std::recursive_mutex mutex_;  // a sink may call its own builder, and is told that this is wrong
  Object object_;
};

using Builder = Shared<FileBuilder>;
using Reader = Shared<FileReader>;

/// A property that a member function of the object behind gives.
template <class Object, class Value>
auto property(Value (Object::*member)() const) {
  return [member](Shared<Object>& self) {
    return self.call([member](const Object& object) { return (object.*member)(); });
  };
}

std::unique_ptr<Builder> make_builder(const py::object& sink, const IntegerArgument& chunk_bytes,
                                      const IntegerArgument& max_links) {
  const Layout layout{.chunk_bytes = chunk_bytes.within<std::size_t>("chunk_bytes"),
                      .max_links = max_links.within<std::size_t>("max_links")};
  const auto pass = [sink](const Cid& cid, ByteView block) {
    const py::gil_scoped_acquire acquire;
    if (!sink.is_none()) sink(cid, to_python(block));
  };
  return std::make_unique<Builder>(FileBuilder(pass, layout));
}

void append(Builder& self, const py::object& data) {
  const ByteArgument argument(data);
  self.call([&](FileBuilder& builder) { builder.append(argument.view()); });
}

std::unique_ptr<Reader> make_reader(const Cid& root, const IntegerArgument& max_file_bytes) {
  const auto most = max_file_bytes.within<std::uint64_t>("max_file_bytes");
  return std::make_unique<Reader>(FileReader::open(root, most).or_throw("the root"));
}

py::bytes accept(Reader& self, const py::object& block) {
  const ByteArgument argument(block);
  auto accepted = self.call([&](FileReader& reader) { return reader.accept(argument.view()); });
  return to_python(std::move(accepted).or_throw("the block"));
}

}  // namespace

void bind_unixfs(py::module_& module) {
  const Layout profile;
  py::class_<Builder>(module, "FileBuilder", "Cuts a file, as its bytes come, into blocks.")
      .def(py::init(&make_builder), py::arg("sink") = py::none(), py::kw_only(),
           py::arg("chunk_bytes") = profile.chunk_bytes, py::arg("max_links") = profile.max_links,
           "sink(cid, block) takes each block as soon as it is complete, children before parents.")
      .def("append", &append, py::arg("data"), "The next bytes of the file, in pieces of any size.")
      .def(
          "finish",
          [](Builder& self) { return self.call([](FileBuilder& builder) { return builder.finish(); }); },
          "Makes what is open into blocks; the root of the file.")
      .def_property_readonly("file_bytes", property(&FileBuilder::file_bytes),
                             "How many bytes were appended.");
  py::class_<Reader>(module, "FileReader", "Reads a file from blocks of strangers, checking each.")
      .def(py::init(&make_reader), py::arg("root"), py::kw_only(), py::arg("max_file_bytes"))
      .def_property_readonly("wanted", property(&FileReader::wanted),
                             "The block that comes next; None when the file is complete or broken.")
      .def(
          "upcoming",
          [](Reader& self, const IntegerArgument& given) {
            const auto count = given.within<std::size_t>("count");
            return self.call([count](const FileReader& reader) { return reader.upcoming(count); });
          },
          py::arg("count"),
          "Up to count blocks in the order in which they will be wanted: what to fetch ahead.")
      .def("accept", &accept, py::arg("block"),
           "Takes the wanted block; the file's bytes in it. A ValueError leaves the reader as it was, or, if "
           "the block is the wanted one and yet of no file, broken.")
      .def_property_readonly("complete", property(&FileReader::complete),
                             "Whether all bytes were given back.")
      .def_property_readonly("broken", property(&FileReader::broken),
                             "Whether no other copy of a block can help.")
      .def_property_readonly("file_bytes", property(&FileReader::file_bytes),
                             "The size of the whole file, or None before the root was accepted.");
}

}  // namespace idn::bindings
