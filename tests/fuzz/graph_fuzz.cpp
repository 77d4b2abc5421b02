// Graphs: whichever steps are taken, the graph that comes out is sound, and its text is read as it was
// written.
//
// An odd first byte: the text of a graph follows, beside some tensors. An even one: decisions of which a
// graph is made step by step (graph_from_bytes.h); the first of them is whether it is also written and read,
// which takes as long as all else.
#include "graph_from_bytes.h"
#include "graph_laws.h"

namespace idn::graph {
namespace {

const std::map<std::string, TensorType, std::less<>>& tensors() {
  static const std::map<std::string, TensorType, std::less<>> known{
      {"bias", {DType::kFloat32, {3}}},
      {"indices", {DType::kInt64, {2}}},
      {"weight", {DType::kFloat32, {3, 4}}},
  };
  return known;
}

void read_a_text(std::string_view text) {
  const std::map<std::string, TensorType, std::less<>> none;
  for (const auto* beside : {&none, &tensors()}) {
    const auto model = model_from_json(text, *beside);
    if (!fuzz::taken(model, text.size())) continue;
    fuzz::require(to_json(*model) == text, "what is taken is written again as it came");
    fuzz::require_sound(model->graph);
  }
}

void make_a_graph(ByteView bytes) {
  if (bytes.empty()) return;
  const fuzz::DrawnModel drawn = fuzz::graph_from_bytes(bytes.subspan(1), {.nodes = 4});
  fuzz::require_sound(drawn.model.graph);
  if (bytes[0] % 8 == 7) fuzz::require_round_trip(drawn.model);
}

}  // namespace
}  // namespace idn::graph

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return idn::fuzz::in_its_form({data, size}, idn::graph::read_a_text, idn::graph::make_a_graph);
}
