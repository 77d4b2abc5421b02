#include "idn/identity/multiformats/varint.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "bindings.h"
#include "byte_arguments.h"
#include "integer_argument.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_varint(py::module_& module) {
  module.def(
      "encode",
      [](const IntegerArgument& value) {
        Bytes out;
        identity::varint::append(out, value.within<std::uint64_t>("value", 0, identity::varint::kMaxValue));
        return to_python(out);
      },
      py::arg("value"), "The shortest encoding of a number from 0 to 2^63 - 1.");
  module.def(
      "read",
      [](const py::object& data) {
        const auto found = identity::varint::read(ByteArgument(data).view()).or_throw("the varint");
        return std::pair(found.value, found.size);
      },
      py::arg("data"), "The number at the beginning of data, and how many bytes it took.");
  module.def(
      "decode",
      [](const py::object& data) {
        const ByteArgument argument(data);
        auto found = identity::varint::read(argument.view());
        if (found && found->size < argument.view().size()) {
          found = Problem{found->size, "bytes too many after the number"};
        }
        return std::move(found).or_throw("the varint").value;
      },
      py::arg("data"), "The number that data is.");
}

}  // namespace idn::bindings
