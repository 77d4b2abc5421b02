#include "idn/graph/attribute.h"

#include <array>
#include <charconv>

namespace idn::graph {
namespace {

std::string shown(bool value) { return value ? "true" : "false"; }
std::string shown(std::int64_t value) { return std::to_string(value); }
std::string shown(const std::string& value) { return value; }
std::string shown(const Dimension& value) { return value.text(); }

std::string shown(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

template <class T>
std::string shown(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t index = 0; index < values.size(); ++index)
    text += (index == 0 ? "" : ", ") + shown(values[index]);
  return text + "]";
}

}  // namespace

std::string_view to_string(AttributeKind kind) {
  constexpr std::array<std::string_view, 6> kNames{"true or false", "integer",          "number",
                                                   "word",          "list of integers", "list of dimensions"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string to_string(const Attribute& attribute) {
  return std::visit([](const auto& value) { return shown(value); }, attribute);
}

}  // namespace idn::graph
