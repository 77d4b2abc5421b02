#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "idn/graph/dimension.h"

namespace idn::graph {

/// What a tensor holds. The names are those of safetensors.
enum class DType : std::uint8_t { kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kUint8, kBool };

/// "F32", "I64", …
std::string_view to_string(DType dtype);

/// The type of a safetensors name; nothing for one that is not spoken here.
std::optional<DType> dtype(std::string_view name);

/// Bytes of one element.
std::size_t size_of(DType dtype);

/// Some of the types, as an operator's input allows them.
class DTypes {
 public:
  constexpr DTypes(std::initializer_list<DType> types) {
    for (const DType type : types) bits_ |= bit(type);
  }
  [[nodiscard]] constexpr bool contains(DType type) const { return (bits_ & bit(type)) != 0; }

  /// "F32, F16 or I64", for messages.
  [[nodiscard]] std::string text() const;

 private:
  static constexpr unsigned bit(DType type) { return 1U << static_cast<unsigned>(type); }
  unsigned bits_ = 0;
};

inline constexpr DTypes kFloats{DType::kFloat32, DType::kFloat16, DType::kBFloat16};
inline constexpr DTypes kIntegers{DType::kInt64, DType::kInt32, DType::kUint8};
inline constexpr DTypes kIndices{DType::kInt64, DType::kInt32};
inline constexpr DTypes kNumbers{DType::kFloat32, DType::kFloat16, DType::kBFloat16,
                                 DType::kInt64,   DType::kInt32,   DType::kUint8};
inline constexpr DTypes kBooleans{DType::kBool};
inline constexpr DTypes kAll{DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kInt64,
                             DType::kInt32,   DType::kUint8,   DType::kBool};

/// The type and shape of a value of a graph.
struct TensorType {
  DType dtype = DType::kFloat32;
  Shape shape;

  /// "F32 (B, 3, 32, 32)".
  [[nodiscard]] std::string text() const;

  auto operator<=>(const TensorType&) const = default;
};

}  // namespace idn::graph
