// CIDs: one encoding each in bytes and in text, in both versions.
#include "idn/identity/multiformats/cid.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

void look_at(const Cid& cid) {
  require(cid.version() == 1 || cid == Cid::v0(cid.hash()).value(), "version 0 is a hash alone");
  require(cid.version() == 0 || cid == Cid::v1(cid.codec(), cid.hash()), "version 1 is a codec and a hash");
  require(codec(to_string(cid.codec())) == cid.codec(), "a codec is found by its name");
  const auto from_bytes = Cid::from_bytes(cid.bytes());
  require(from_bytes.ok() && *from_bytes == cid, "a CID comes back from its bytes");
  const auto from_text = Cid::from_text(cid.text());
  require(from_text.ok() && *from_text == cid, "a CID comes back from its text");
}

void read_bytes(ByteView bytes) {
  const auto cid = Cid::from_bytes(bytes);
  if (!fuzz::taken(cid, bytes.size())) return;
  require(fuzz::same(cid->bytes(), bytes), "bytes that are read are written again");
  look_at(*cid);
}

void read_a_text(std::string_view text) {
  const auto cid = Cid::from_text(text);
  if (!fuzz::taken(cid, text.size())) return;
  require(cid->text() == text, "a text that is read is written again");
  look_at(*cid);
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return idn::fuzz::in_its_form({data, size}, idn::identity::read_a_text, idn::identity::read_bytes);
}
