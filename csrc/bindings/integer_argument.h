#pragma once

#include <pybind11/pybind11.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "byte_arguments.h"

namespace idn::bindings {

/// An integer of Python's, which has no bounds, until it is asked for within some; needs no GIL then.
///
/// Takes what `operator.index` takes, so no float; a parameter of type std::uint64_t would make a number that
/// does not fit a TypeError, as if it were none.
class IntegerArgument {
 public:
  /// Whether an object is an integer, which is then this.
  bool load(pybind11::handle object) {
    if (PyIndex_Check(object.ptr()) == 0) return false;
    const auto number = pybind11::reinterpret_steal<pybind11::object>(PyNumber_Index(object.ptr()));
    if (!number) throw pybind11::error_already_set();
    read(number.ptr());
    shown_ = show(number.ptr());
    return true;
  }

  /// The number; throws std::invalid_argument that names it if it is not from `least` to `most`.
  template <std::integral Integer>
  [[nodiscard]] Integer within(const char* name, Integer least = std::numeric_limits<Integer>::min(),
                               Integer most = std::numeric_limits<Integer>::max()) const {
    if (fits_) {
      const bool inside = negative_ ? inside_of(signed_, least, most) : inside_of(unsigned_, least, most);
      if (inside) return negative_ ? static_cast<Integer>(signed_) : static_cast<Integer>(unsigned_);
    }
    throw std::invalid_argument(std::string(name) + " is " + shown_ + ", expected " + std::to_string(least) +
                                " to " + std::to_string(most) + ".");
  }

 private:
  template <class Number, class Integer>
  static bool inside_of(Number number, Integer least, Integer most) {
    return std::cmp_greater_equal(number, least) && std::cmp_less_equal(number, most);
  }

  void read(PyObject* number) {
    int beyond = 0;
    signed_ = PyLong_AsLongLongAndOverflow(number, &beyond);
    negative_ = beyond < 0 || (beyond == 0 && signed_ < 0);
    fits_ = beyond >= 0;
    if (beyond == 0) unsigned_ = static_cast<std::uint64_t>(signed_);
    if (beyond <= 0) return;
    unsigned_ = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred() == nullptr) return;
    PyErr_Clear();
    fits_ = false;
  }

  static std::string show(PyObject* number) {
    const auto text = pybind11::reinterpret_steal<pybind11::str>(PyObject_Str(number));
    if (!text) {  // Python writes no number of more than some thousand digits
      PyErr_Clear();
      return "an integer of thousands of digits";
    }
    const std::string digits = utf8(text);
    return digits.size() <= kShown ? digits : digits.substr(0, kShown) + "…";
  }

  static constexpr std::size_t kShown = 40;

  std::uint64_t unsigned_ = 0;  // the number where it is not negative
  std::int64_t signed_ = 0;     // the number where it is
  bool negative_ = false;
  bool fits_ = true;
  std::string shown_ = "0";
};

}  // namespace idn::bindings

namespace pybind11::detail {

template <>
struct type_caster<idn::bindings::IntegerArgument> {
  PYBIND11_TYPE_CASTER(idn::bindings::IntegerArgument, const_name("typing.SupportsIndex"));

  bool load(handle object, bool /*convert*/) { return value.load(object); }
};

}  // namespace pybind11::detail
