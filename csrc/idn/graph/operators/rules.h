#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "idn/graph/operator.h"

// What the families of operators share. For the inside of graph/operators alone.
namespace idn::graph::rules {

/// Where counting stops: far above any limit, and two of them still fit.
inline constexpr std::int64_t kCountless = std::int64_t{1} << 61;

std::int64_t plus(std::int64_t one, std::int64_t other);
std::int64_t times(std::int64_t one, std::int64_t other);

/// How many elements a shape has at a batch.
std::int64_t count(const Shape& shape, std::int64_t batch);

/// The product of the sizes from first to last (exclusive) at a batch.
std::int64_t count(std::span<const Dimension> sizes, std::int64_t batch);

/// "input 1 (weight) has 3 dimensions, expected 4", told from 0 as the package does.
std::string wrong_rank(const Call& call, std::size_t index, std::string_view name, std::string_view expected);

/// The type of the first input.
Types as_first(const Call& call);

/// One operation for each element of the first output.
std::int64_t one_each(const Call& call, std::span<const TensorType> outputs, std::int64_t batch);

/// Nothing is computed: elements are only moved or looked at otherwise.
std::int64_t none(const Call& call, std::span<const TensorType> outputs, std::int64_t batch);

/// Whether an axis attribute is one of a shape; if not, `reason` says so.
bool is_axis(std::int64_t axis, const Shape& shape, std::string& reason);

/// Whether axes are in order, each once, and of a shape; if not, `reason` says so.
bool are_axes(const std::vector<std::int64_t>& axes, const Shape& shape, std::string& reason);

/// An attribute that names an axis from 0.
AttributeRule axis(std::string_view name = "axis", std::optional<Attribute> fallback = std::nullopt);

using Family = std::vector<Operator>;

Family activations();
Family arithmetic();
Family attentions();
Family comparisons();
Family convolutions();
Family indexing();
Family interpolations();
Family joining();
Family linear();
Family normalizations();
Family pooling();
Family reductions();
Family reshaping();

}  // namespace idn::graph::rules
