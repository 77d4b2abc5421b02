// Multibase: a text that is read is the only one of its bytes, and bytes come back from every base.
#include "idn/identity/multiformats/multibase.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;
using multibase::Base;

// However large they are, so many bytes have a text in base58.
constexpr std::size_t kMostInBase58 = 2999;

void read_a_text(std::string_view text) {
  const auto bytes = multibase::decode(text);
  if (!fuzz::taken(bytes, text.size())) return;
  const auto base = static_cast<Base>(text.front());
  require(multibase::encode(base, *bytes) == text, "a text that is read is the text of its bytes");
  const auto plain = multibase::decode_plain(base, text.substr(1));
  require(plain.ok() && *plain == *bytes, "decode is decode_plain behind the naming character");
}

void write_bytes(ByteView bytes) {
  for (const Base base : {Base::kBase16, Base::kBase32, Base::kBase58Btc, Base::kBase64Url}) {
    if (base == Base::kBase58Btc && bytes.size() > kMostInBase58) continue;
    const std::string text = multibase::encode(base, bytes);
    require(text == static_cast<char>(base) + multibase::encode_plain(base, bytes),
            "encode is encode_plain behind the naming character");
    const auto read = multibase::decode(text);
    require(read.ok() && fuzz::same(*read, bytes), "bytes come back from their text");
  }
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return idn::fuzz::in_its_form({data, size}, idn::identity::read_a_text, idn::identity::write_bytes);
}
