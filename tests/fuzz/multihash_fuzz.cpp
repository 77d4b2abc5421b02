// Multihashes: one encoding each, in bytes and in base58, and what data hashes to is told from what it does
// not.
#include "idn/identity/multiformats/multihash.h"
#include "laws.h"

namespace idn::identity {
namespace {

using fuzz::require;

void look_at(const Multihash& hash) {
  require(hash_function(to_string(hash.function())) == hash.function(), "a function is found by its name");
  const auto from_bytes = Multihash::from_bytes(hash.bytes());
  require(from_bytes.ok() && *from_bytes == hash, "a multihash comes back from its bytes");
  const auto from_text = Multihash::from_text(hash.text());
  require(from_text.ok() && *from_text == hash, "a multihash comes back from its text");
  const auto from_digest = Multihash::of_digest(hash.function(), hash.digest_bytes());
  require(from_digest.ok() && *from_digest == hash, "a multihash is its function and its digest");
}

void read_bytes(ByteView bytes) {
  const auto prefix = Multihash::read(bytes);
  const auto whole = Multihash::from_bytes(bytes);
  if (fuzz::taken(prefix, bytes.size())) {
    require(prefix->size <= bytes.size(), "a multihash is read from what is there");
    require(fuzz::same(prefix->hash.bytes(), bytes.first(prefix->size)),
            "bytes that are read are written again");
    look_at(prefix->hash);
  }
  require(fuzz::taken(whole, bytes.size()) == (prefix.ok() && prefix->size == bytes.size()),
          "from_bytes takes what read takes whole");
  require(!whole || *whole == prefix->hash, "from_bytes reads what read reads");
}

void read_a_text(std::string_view text) {
  const auto hash = Multihash::from_text(text);
  if (!fuzz::taken(hash, text.size())) return;
  require(hash->text() == text, "a text that is read is written again");
  look_at(*hash);
}

void hash_data(ByteView data) {
  for (const auto function : {HashFunction::kIdentity, HashFunction::kSha2Bits256}) {
    if (function == HashFunction::kIdentity && data.size() > kMaxIdentityBytes) continue;
    const Multihash hash = Multihash::digest(data, function);
    require(hash.matches(data), "data matches its hash");
    Bytes more(data.begin(), data.end());
    more.push_back(0);
    require(!hash.matches(more), "other data does not");
    look_at(hash);
  }
}

}  // namespace
}  // namespace idn::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const idn::fuzz::TwoForms input({data, size});
  if (input.is_text) {
    idn::identity::read_a_text(input.text());
  } else {
    idn::identity::read_bytes(input.bytes);
    idn::identity::hash_data(input.bytes);
  }
  return 0;
}
