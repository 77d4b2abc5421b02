// Varints: shortest encodings only, and the number that was written comes back.
#include "idn/identity/multiformats/varint.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

void read_what_came(ByteView bytes) {
  const auto read = varint::read(bytes);
  if (!fuzz::taken(read, bytes.size())) return;
  require(read->size >= 1 && read->size <= varint::kMaxBytes && read->size <= bytes.size(),
          "a varint takes one byte to kMaxBytes");
  require(read->value <= varint::kMaxValue, "a varint is at most kMaxValue");
  Bytes again;
  varint::append(again, read->value);
  require(fuzz::same(again, bytes.first(read->size)), "a varint that is read is the shortest of its value");
}

void write_a_number(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), sizeof value))) value = value << 8 | byte;
  value &= varint::kMaxValue;
  Bytes written = {0xff};  // append leaves alone what is there
  varint::append(written, value);
  require(written.front() == 0xff, "append keeps what came before");
  const auto read = varint::read(ByteView(written).subspan(1));
  require(read.ok() && read->value == value && read->size == written.size() - 1, "what is written is read");
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  idn::identity::read_what_came({data, size});
  idn::identity::write_a_number({data, size});
  return 0;
}
