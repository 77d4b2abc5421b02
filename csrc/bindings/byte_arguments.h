#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>

#include "idn/core/bytes.h"

namespace idn::bindings {

/// The memory of a bytes-like Python object, held for as long as this lives.
class ByteArgument {
 public:
  /// Throws TypeError for what is no contiguous buffer.
  explicit ByteArgument(const pybind11::object& object) {
    if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw pybind11::error_already_set();
  }
  ByteArgument(const ByteArgument&) = delete;
  ByteArgument& operator=(const ByteArgument&) = delete;
  ~ByteArgument() { PyBuffer_Release(&buffer_); }

  [[nodiscard]] ByteView view() const {
    return {static_cast<const std::uint8_t*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
  }

 private:
  Py_buffer buffer_{};
};

/// A Python bytes object with a copy of these.
inline pybind11::bytes to_python(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The UTF-8 of a Python text; a lone surrogate, which has none, is Python's UnicodeEncodeError (a
/// ValueError).
inline std::string utf8(const pybind11::str& text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) throw pybind11::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

/// How an error message shows a text from outside: in quotes, and not all of a long one.
inline std::string quoted(const std::string& text) {
  constexpr std::size_t kShown = 80;
  const pybind11::str whole = pybind11::reinterpret_steal<pybind11::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(std::min(text.size(), kShown)), "replace"));
  return pybind11::repr(whole).cast<std::string>() + (text.size() > kShown ? "…" : "");
}

}  // namespace idn::bindings
