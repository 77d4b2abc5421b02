// Addresses: one text and one form in bytes each, and nesting that can be undone.
#include <algorithm>

#include "idn/identity/multiformats/multiaddr.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

void look_at(const Multiaddr& address) {
  const Bytes bytes = address.bytes();
  require(!address.parts().empty(), "an address has a part");
  require(bytes.size() <= Multiaddr::kMaxBytes, "an address has at most kMaxBytes");
  const auto from_bytes = Multiaddr::from_bytes(bytes);
  require(from_bytes.ok() && *from_bytes == address, "an address comes back from its bytes");
  const std::string text = address.text();
  require(text.size() <= Multiaddr::kMaxText, "an address has at most kMaxText characters");
  const auto from_text = Multiaddr::from_text(text);
  require(from_text.ok() && *from_text == address, "an address comes back from its text");
}

void nest(const Multiaddr& outer, const Multiaddr& inner) {
  const auto both = outer.encapsulate(inner);
  if (!fuzz::taken(both, outer.bytes().size())) return;
  look_at(*both);
  require(both->parts().size() == outer.parts().size() + inner.parts().size(), "nesting keeps all parts");
  require(both->decapsulate(inner) == outer, "nesting can be undone");
}

// Every way to cut an address in two is one nested in another.
void cut_in_two(const Multiaddr& address) {
  require(!address.decapsulate(address), "nothing is before the whole of an address");
  const Bytes bytes = address.bytes();
  for (std::size_t cut = 0; cut <= std::min<std::size_t>(bytes.size(), 64); ++cut) {
    const auto outer = Multiaddr::from_bytes(ByteView(bytes).first(cut));
    const auto inner = Multiaddr::from_bytes(ByteView(bytes).subspan(cut));
    if (!outer || !inner) continue;
    require(outer->encapsulate(*inner).value() == address, "an address is its two halves");
    nest(*outer, *inner);
    nest(*inner, *outer);
  }
}

void read_bytes(ByteView bytes) {
  const auto address = Multiaddr::from_bytes(bytes);
  if (!fuzz::taken(address, bytes.size())) return;
  require(fuzz::same(address->bytes(), bytes), "bytes that are read are written again");
  look_at(*address);
  cut_in_two(*address);
}

void read_a_text(std::string_view text) {
  const auto address = Multiaddr::from_text(text);
  if (!fuzz::taken(address, text.size())) return;
  require(address->text() == text, "a text that is read is written again");
  look_at(*address);
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return idn::fuzz::in_its_form({data, size}, idn::identity::read_a_text, idn::identity::read_bytes);
}
