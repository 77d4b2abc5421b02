// .npy files: what is read is written so that it is read as the same array.
#include "idn/store/npy.h"
#include "laws.h"

namespace idn::store {
namespace {

using fuzz::require;

// Far above what a corpus holds, and reached by sizes that a header makes up.
constexpr std::uint64_t kMostBytes = 1 << 16;

void read_what_came(ByteView bytes) {
  const auto read = npy_from_bytes(bytes, kMostBytes);
  if (!fuzz::taken(read, bytes.size())) return;
  require(read->data.size() == read->info.bytes(), "an array has as many bytes as its shape");
  require(read->data.size() <= kMostBytes, "no more is read than the limit");
  require(fuzz::same(bytes.last(read->data.size()), read->data), "the items are the last bytes of the file");
  Bytes again = npy_header(read->info);
  require(again.size() % 64 == 0, "items begin at a multiple of 64");
  again.insert(again.end(), read->data.begin(), read->data.end());
  const auto reread = npy_from_bytes(again, kMostBytes);
  require(reread.ok() && reread->info == read->info && reread->data == read->data, "what is written is read");
}

}  // namespace
}  // namespace idn::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  idn::store::read_what_came({data, size});
  return 0;
}
