#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "idn/core/result.h"
#include "idn/graph/graph.h"

namespace idn::graph {

/// The values an input is made for; a caller is told of others.
struct Range {
  double least = 0;
  double most = 0;

  bool operator==(const Range&) const = default;
};

/// A graph and what people know of it.
struct Model {
  Graph graph;
  std::vector<std::optional<Range>> ranges;       ///< one for each input
  std::vector<std::string> classes;               ///< the labels, in the order of the scores; may be empty
  std::string licence;                            ///< an SPDX expression; may be empty
  std::map<std::string, std::string> provenance;  ///< where it comes from, as the exporter knows it
};

/// The JSON of a model in its one canonical form: keys sorted, no spaces, no empty parts.
std::string to_json(const Model& model);

/// Reads what to_json writes and nothing else; the constants' types are those of the tensors beside it.
///
/// Positions of problems count bytes where the text is no JSON, and are 0 where what it says is wrong: the
/// reason then names the part.
Result<Model> model_from_json(std::string_view text,
                              const std::map<std::string, TensorType, std::less<>>& tensors);

}  // namespace idn::graph
