#include "idn/identity/multiformats/cid.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "idn/identity/multiformats/multibase.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity {
namespace {

using multibase::Base;

struct Known {
  Codec codec;
  std::string_view name;
};

constexpr std::array kKnown{
    Known{Codec::kRaw, "raw"},          Known{Codec::kDagPb, "dag-pb"},
    Known{Codec::kDagCbor, "dag-cbor"}, Known{Codec::kLibp2pKey, "libp2p-key"},
    Known{Codec::kJson, "json"},
};

constexpr std::size_t kV0Text =
    46;  // characters of base58btc: 0x12, 0x20 and 32 bytes always begin with "Qm"
constexpr std::string_view kV0Begin = "Qm";
constexpr std::size_t kMaxText = 1024;

const Known* find(std::uint64_t code) {
  const auto* found = std::ranges::find(kKnown, static_cast<Codec>(code), &Known::codec);
  return found == kKnown.end() ? nullptr : found;
}

bool is_v0_hash(const Multihash& hash) { return hash.function() == HashFunction::kSha2Bits256; }

Problem within_text(const Problem& problem) {
  // A character of most bases is no whole byte: the position in the text is its beginning.
  return {0, "the bytes are no CID (" + to_string(problem) + ")"};
}

}  // namespace

std::string_view to_string(Codec codec) {
  const Known* found = find(static_cast<std::uint64_t>(codec));
  if (found == nullptr) throw std::invalid_argument("CID: unknown codec.");
  return found->name;
}

Codec codec(std::string_view name) {
  const auto* found = std::ranges::find(kKnown, name, &Known::name);
  if (found != kKnown.end()) return found->codec;
  std::string names;
  for (const Known& one : kKnown) names += (names.empty() ? "" : ", ") + std::string(one.name);
  throw std::invalid_argument("CID: codec '" + std::string(name) + "' is unknown; expected one of " + names +
                              ".");
}

Cid Cid::of(ByteView data, Codec codec, HashFunction function) {
  return v1(codec, Multihash::digest(data, function));
}

Cid Cid::v1(Codec codec, Multihash hash) {
  static_cast<void>(to_string(codec));  // refuses what is no codec
  return {1, codec, std::move(hash)};
}

Result<Cid> Cid::v0(Multihash hash) {
  if (!is_v0_hash(hash)) {
    return Problem{0, "version 0 needs a sha2-256 hash, not " + std::string(to_string(hash.function()))};
  }
  return Cid(0, Codec::kDagPb, std::move(hash));
}

Result<Cid> Cid::from_bytes(ByteView bytes) {
  if (bytes.size() >= 2 && bytes[0] == 0x12 && bytes[1] == 0x20) {
    auto hash = Multihash::from_bytes(bytes);
    if (!hash) return hash.problem();
    return v0(std::move(hash).value());
  }
  const auto version = varint::read(bytes);
  if (!version) return Problem{version.problem().position, "version: " + version.problem().reason};
  if (version->value != 1) {
    return Problem{0, "version " + std::to_string(version->value) +
                          " is unknown; expected 1, or the 0x12 0x20 of version 0"};
  }
  const auto code = varint::read(bytes.subspan(version->size));
  if (!code) return Problem{version->size + code.problem().position, "codec: " + code.problem().reason};
  const Known* rule = find(code->value);
  if (rule == nullptr)
    return Problem{version->size, "no codec known here has the code " + std::to_string(code->value)};
  const std::size_t start = version->size + code->size;
  auto hash = Multihash::from_bytes(bytes.subspan(start));
  if (!hash) return Problem{start + hash.problem().position, hash.problem().reason};
  return v1(rule->codec, std::move(hash).value());
}

Result<Cid> Cid::from_text(std::string_view text) {
  if (text.size() > kMaxText) return Problem{kMaxText, "the text has more than 1024 characters"};
  if (text.starts_with(kV0Begin)) {
    if (text.size() != kV0Text) {
      return Problem{text.size(), "version 0 has 46 characters, not " + std::to_string(text.size())};
    }
    const auto bytes = multibase::decode_plain(Base::kBase58Btc, text);
    if (!bytes) return bytes.problem();
    auto cid = from_bytes(*bytes);
    if (!cid) return within_text(cid.problem());
    return cid;
  }
  if (!text.starts_with(static_cast<char>(Base::kBase32))) {
    return Problem{0, "a CID is written in base32, beginning with 'b', or begins with 'Qm' (version 0)"};
  }
  const auto bytes = multibase::decode(text);
  if (!bytes) return bytes.problem();
  auto cid = from_bytes(*bytes);
  if (!cid) return within_text(cid.problem());
  if (cid->version() == 0) return Problem{0, "version 0 is written without a multibase character"};
  return cid;
}

Bytes Cid::bytes() const {
  Bytes out;
  if (version_ == 1) {
    varint::append(out, 1);
    varint::append(out, static_cast<std::uint64_t>(codec_));
  }
  const Bytes hash = hash_.bytes();
  out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

std::string Cid::text() const {
  return version_ == 0 ? multibase::encode_plain(Base::kBase58Btc, bytes())
                       : multibase::encode(Base::kBase32, bytes());
}

}  // namespace idn::identity
