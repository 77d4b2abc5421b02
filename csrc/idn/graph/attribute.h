#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "idn/graph/dimension.h"

namespace idn::graph {

/// A constant argument of an operator: yes or no, a number, a word, sizes, or sizes that may grow with the
/// batch.
using Attribute =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<Dimension>>;

/// Which of them; the order is that of the variant.
enum class AttributeKind : std::uint8_t { kFlag, kInteger, kNumber, kWord, kIntegers, kDimensions };

inline AttributeKind kind_of(const Attribute& attribute) {
  return static_cast<AttributeKind>(attribute.index());
}

/// "integer", "list of integers", … for messages and the reference.
std::string_view to_string(AttributeKind kind);

/// The attributes of a node by name, sorted.
using Attributes = std::map<std::string, Attribute, std::less<>>;

/// "3", "[1, 1]", "true": for people and messages.
std::string to_string(const Attribute& attribute);

}  // namespace idn::graph
