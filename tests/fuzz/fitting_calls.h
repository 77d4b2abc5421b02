#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "draws.h"
#include "graph_from_bytes.h"
#include "idn/graph/operator.h"

namespace idn::fuzz {

/// A size; mostly small, seldom 0.
std::int64_t drawn_size(Draws& draws, const DrawnSizes& sizes);

/// A shape of up to five axes; where it may grow, the first one mostly is the batch.
graph::Shape drawn_shape(Draws& draws, const DrawnSizes& sizes, bool grows);

/// Attributes that suit an operator whose first input is of this type, one of them odd now and then.
graph::Attributes fitting_attributes(Draws& draws, const DrawnSizes& sizes, const graph::Operator& applied,
                                     const graph::TensorType& first);

/// The shape of a constant that suits as the next input after those there are; none of its sizes grows.
///
/// An input left out is null, which the first is not.
graph::Shape fitting_shape(Draws& draws, const DrawnSizes& sizes, const graph::Operator& applied,
                           std::span<const graph::TensorType* const> before,
                           const graph::Attributes& attributes);

}  // namespace idn::fuzz
