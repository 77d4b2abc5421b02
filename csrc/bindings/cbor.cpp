#include "idn/identity/cbor.h"

#include <stdexcept>

#include "bindings.h"
#include "byte_arguments.h"
#include "integer_argument.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::cbor::Array;
using identity::cbor::Kind;
using identity::cbor::Limits;
using identity::cbor::Value;

// Python's objects as values; what is too deep, too many or too long goes no further than that, since a list
// may hold itself, or one list or bytes many times.
class Converter {
 public:
  explicit Converter(const Limits& limits)
      : limits_(limits), items_left_(limits.max_items), bytes_left_(limits.max_bytes) {
    identity::cbor::check(limits);  // before a recursion as deep as they allow
  }

  Value value(const py::handle& object, std::size_t depth) {
    if (items_left_-- == 0) refuse("more than " + std::to_string(limits_.max_items) + " values");
    claim(1);
    PyObject* const pointer = object.ptr();
    if (object.is_none()) return nullptr;
    if (PyBool_Check(pointer)) return pointer == Py_True;
    if (PyLong_Check(pointer)) return integer(pointer);
    if (PyBytes_Check(pointer)) return bytes(pointer);
    if (PyUnicode_Check(pointer)) return text(pointer);
    if (PyList_Check(pointer) || PyTuple_Check(pointer)) return array(object, depth);
    refuse("found " + type_name(object) + ", expected None, bool, int, bytes, str, list or tuple");
  }

 private:
  Value array(const py::handle& object, std::size_t depth) {
    if (depth == limits_.max_depth) refuse("nested deeper than " + std::to_string(depth) + " arrays");
    Array values;
    for (const py::handle& inner : object) values.push_back(value(inner, depth + 1));
    return values;
  }

  static Value integer(PyObject* object) {
    int beyond = 0;
    const auto number = PyLong_AsLongLongAndOverflow(object, &beyond);
    if (beyond == 0) return number;
    if (beyond > 0) {
      const auto large = PyLong_AsUnsignedLongLong(object);
      if (PyErr_Occurred() == nullptr) return large;
      PyErr_Clear();
    }
    refuse("an integer outside of -2^63 to 2^64 - 1");
  }

  Value bytes(PyObject* object) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(object));
    claim(static_cast<std::size_t>(PyBytes_GET_SIZE(object)));
    return Bytes(data, data + PyBytes_GET_SIZE(object));
  }

  Value text(PyObject* object) {
    // No character takes less than a byte.
    if (static_cast<std::size_t>(PyUnicode_GET_LENGTH(object)) > bytes_left_) claim(bytes_left_ + 1);
    std::string copy = utf8(py::reinterpret_borrow<py::str>(object));
    claim(copy.size());
    return copy;
  }

  // Before memory is taken: each value's first byte and its content, which the encoding has at least.
  void claim(std::size_t bytes) {
    if (bytes > bytes_left_) refuse("longer than " + std::to_string(limits_.max_bytes) + " bytes");
    bytes_left_ -= bytes;
  }

  static std::string type_name(const py::handle& object) {
    return py::type::handle_of(object).attr("__name__").cast<std::string>();
  }

  [[noreturn]] static void refuse(const std::string& reason) {
    throw std::invalid_argument("cbor: the value cannot be encoded: " + reason + ".");
  }

  Limits limits_;
  std::size_t items_left_;
  std::size_t bytes_left_;
};

py::object object_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kBoolean:
      return py::bool_(*value.boolean());
    case Kind::kUnsigned:
      return py::int_(*value.unsigned_integer());
    case Kind::kNegative:
      return py::int_(*value.negative_integer());
    case Kind::kBytes:
      return to_python(*value.bytes());
    case Kind::kText:
      return py::str(*value.text());
    case Kind::kArray: {
      py::list list(value.array()->size());
      for (std::size_t i = 0; i < list.size(); ++i) list[i] = object_of((*value.array())[i]);
      return list;
    }
    default:
      return py::none();
  }
}

}  // namespace

void bind_cbor(py::module_& module) {
  py::class_<Limits>(module, "Limits", "What is refused for its size, in both directions.")
      .def(py::init([](const IntegerArgument& max_depth, const IntegerArgument& max_bytes,
                       const IntegerArgument& max_items) {
             return Limits{.max_depth = max_depth.within<std::size_t>("max_depth"),
                           .max_bytes = max_bytes.within<std::size_t>("max_bytes"),
                           .max_items = max_items.within<std::size_t>("max_items")};
           }),
           py::arg("max_depth"), py::arg("max_bytes"), py::arg("max_items"))
      .def_readonly("max_depth", &Limits::max_depth)
      .def_readonly("max_bytes", &Limits::max_bytes)
      .def_readonly("max_items", &Limits::max_items);
  module.attr("DEFAULT_LIMITS") = Limits{};
  module.def(
      "encode",
      [](const py::object& value, const Limits& limits) {
        const Value converted = Converter(limits).value(value, 0);
        Bytes encoded;
        {
          const py::gil_scoped_release release;
          encoded = identity::cbor::encode(converted, limits);
        }
        return to_python(encoded);
      },
      py::arg("value"), py::arg("limits"), "The one encoding of a value.");
  module.def(
      "decode",
      [](const py::object& data, const Limits& limits) {
        const ByteArgument argument(data);
        const auto decode = [&] {
          const py::gil_scoped_release release;
          return identity::cbor::decode(argument.view(), limits);
        };
        return object_of(decode().or_throw("the CBOR"));
      },
      py::arg("data"), py::arg("limits"), "The value whose encoding data is.");
}

}  // namespace idn::bindings
