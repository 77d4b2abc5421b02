#include "idn/graph/tensor_type.h"

#include <array>
#include <vector>

namespace idn::graph {
namespace {

struct Known {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration.
constexpr std::array kKnown{
    Known{DType::kFloat32, "F32", 4}, Known{DType::kFloat16, "F16", 2}, Known{DType::kBFloat16, "BF16", 2},
    Known{DType::kInt64, "I64", 8},   Known{DType::kInt32, "I32", 4},   Known{DType::kUint8, "U8", 1},
    Known{DType::kBool, "BOOL", 1},
};

const Known& known(DType dtype) { return kKnown.at(static_cast<std::size_t>(dtype)); }

}  // namespace

std::string_view to_string(DType dtype) { return known(dtype).name; }

std::optional<DType> dtype(std::string_view name) {
  for (const Known& one : kKnown) {
    if (one.name == name) return one.dtype;
  }
  return std::nullopt;
}

std::size_t size_of(DType dtype) { return known(dtype).size; }

std::string DTypes::text() const {
  std::vector<std::string_view> names;
  for (const Known& one : kKnown) {
    if (contains(one.dtype)) names.push_back(one.name);
  }
  std::string text;
  for (std::size_t index = 0; index < names.size(); ++index) {
    const bool last = index + 1 == names.size();
    text += (index == 0 ? "" : last ? " or " : ", ") + std::string(names[index]);
  }
  return text;
}

std::string TensorType::text() const { return std::string(to_string(dtype)) + " " + to_string(shape); }

}  // namespace idn::graph
