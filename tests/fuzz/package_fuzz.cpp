// Packages: what is taken is written again as the same bytes, and everything about it can be asked.
//
// An even first byte: a whole file follows. An odd one: a header's text, a zero byte and the tensors' bytes,
// put together here, so that the fuzzer need not keep the length right.
#include <algorithm>
#include <iterator>

#include "graph_laws.h"
#include "idn/graph/package.h"

namespace idn::graph {
namespace {

using fuzz::require;

void read_a_file(ByteView bytes) {
  Limits limits;
  limits.file_bytes = 1 << 16;
  const auto package = Package::from_bytes(Bytes(bytes.begin(), bytes.end()), limits);
  if (!fuzz::taken(package, bytes.size())) return;
  require(fuzz::same(package->bytes(), bytes), "a package keeps its bytes");
  const Bytes again = to_package(package->model(), [&](const Constant& one) { return package->tensor(one); });
  require(fuzz::same(again, bytes), "what is taken is written again as it came");
  require(package->graph().operations(limits.batch) <= limits.operations, "the limit of operations holds");
  require(peak_bytes(package->graph(), limits.batch) <= limits.peak_bytes, "the limit of memory holds");
  fuzz::require_sound(package->graph());
  for (const Constant& constant : package->graph().constants()) {
    const ByteView tensor = package->tensor(constant);
    require(tensor.data() >= package->bytes().data() &&
                tensor.data() + tensor.size() <= package->bytes().data() + bytes.size(),
            "a tensor lies in the file");
  }
}

void read_a_header(std::string_view text) {
  const std::size_t cut = std::min(text.find('\0'), text.size());
  const ByteView tensors = bytes_of(text.substr(std::min(cut + 1, text.size())));
  std::string header(text.substr(0, cut));
  header.append((8 - header.size() % 8) % 8, ' ');
  Bytes bytes;
  for (std::uint64_t length = header.size(), index = 0; index < 8; ++index, length >>= 8)
    bytes.push_back(static_cast<std::uint8_t>(length));
  std::ranges::copy(bytes_of(header), std::back_inserter(bytes));
  std::ranges::copy(tensors, std::back_inserter(bytes));
  read_a_file(bytes);
}

}  // namespace
}  // namespace idn::graph

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return idn::fuzz::in_its_form({data, size}, idn::graph::read_a_header, idn::graph::read_a_file);
}
