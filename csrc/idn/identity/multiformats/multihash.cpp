#include "idn/identity/multiformats/multihash.h"

#include <cryptopp/blake2.h>
#include <cryptopp/keccak.h>
#include <cryptopp/sha.h>
#include <cryptopp/sha3.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "idn/identity/multiformats/multibase.h"
#include "idn/identity/multiformats/varint.h"

namespace idn::identity {
namespace {

struct Known {
  HashFunction function;
  std::string_view name;
  std::size_t size;  // of the digest in bytes; of the identity, the most
};

constexpr std::array kKnown{
    Known{HashFunction::kIdentity, "identity", kMaxIdentityBytes},
    Known{HashFunction::kSha1, "sha1", 20},
    Known{HashFunction::kSha2Bits256, "sha2-256", 32},
    Known{HashFunction::kSha2Bits512, "sha2-512", 64},
    Known{HashFunction::kSha3Bits256, "sha3-256", 32},
    Known{HashFunction::kKeccak256, "keccak-256", 32},
    Known{HashFunction::kBlake2b256, "blake2b-256", 32},
};

const Known* find(std::uint64_t code) {
  const auto* found = std::ranges::find(kKnown, static_cast<HashFunction>(code), &Known::function);
  return found == kKnown.end() ? nullptr : found;
}

const Known& known(HashFunction function) {
  const Known* found = find(static_cast<std::uint64_t>(function));
  if (found == nullptr) {
    throw std::invalid_argument("multihash: no hash function has the code " +
                                std::to_string(static_cast<std::uint64_t>(function)) + ".");
  }
  return *found;
}

std::optional<std::string> wrong_size(const Known& rule, std::size_t size) {
  if (rule.function == HashFunction::kIdentity) {
    if (size <= rule.size) return std::nullopt;
    return "an identity multihash holds at most " + std::to_string(rule.size) + " bytes, not " +
           std::to_string(size);
  }
  if (size == rule.size) return std::nullopt;
  return "a digest of " + std::string(rule.name) + " has " + std::to_string(rule.size) + " bytes, not " +
         std::to_string(size);
}

template <class Hash>
Bytes run(Hash hash, ByteView data) {
  Bytes digest(hash.DigestSize());
  hash.CalculateDigest(digest.data(), data.data(), data.size());
  return digest;
}

Bytes hashed(HashFunction function, ByteView data) {
  switch (function) {
    case HashFunction::kIdentity:
      return {data.begin(), data.end()};
    case HashFunction::kSha1:
      return run(CryptoPP::SHA1(), data);
    case HashFunction::kSha2Bits256:
      return run(CryptoPP::SHA256(), data);
    case HashFunction::kSha2Bits512:
      return run(CryptoPP::SHA512(), data);
    case HashFunction::kSha3Bits256:
      return run(CryptoPP::SHA3_256(), data);
    case HashFunction::kKeccak256:
      return run(CryptoPP::Keccak_256(), data);
    case HashFunction::kBlake2b256:
      return run(CryptoPP::BLAKE2b(false, 32U), data);
  }
  throw std::invalid_argument("multihash: unknown hash function.");
}

}  // namespace

std::string_view to_string(HashFunction function) { return known(function).name; }

HashFunction hash_function(std::string_view name) {
  const auto* found = std::ranges::find(kKnown, name, &Known::name);
  if (found != kKnown.end()) return found->function;
  std::string names;
  for (const Known& one : kKnown) names += (names.empty() ? "" : ", ") + std::string(one.name);
  throw std::invalid_argument("multihash: hash function '" + std::string(name) +
                              "' is unknown; expected one of " + names + ".");
}

Multihash Multihash::digest(ByteView data, HashFunction function) {
  const Known& rule = known(function);
  if (function == HashFunction::kIdentity) {
    if (const auto wrong = wrong_size(rule, data.size())) {
      throw std::invalid_argument("multihash: " + *wrong + ".");
    }
  }
  return {function, hashed(rule.function, data)};
}

Result<Multihash> Multihash::of_digest(HashFunction function, ByteView digest) {
  if (auto wrong = wrong_size(known(function), digest.size())) return Problem{0, *std::move(wrong)};
  return Multihash(function, Bytes(digest.begin(), digest.end()));
}

Result<Multihash::Prefix> Multihash::read(ByteView bytes) {
  const auto code = varint::read(bytes);
  if (!code) return Problem{code.problem().position, "hash function: " + code.problem().reason};
  const Known* rule = find(code->value);
  if (rule == nullptr)
    return Problem{0, "no hash function known here has the code " + std::to_string(code->value)};
  const auto length = varint::read(bytes.subspan(code->size));
  if (!length)
    return Problem{code->size + length.problem().position, "digest length: " + length.problem().reason};
  const std::size_t start = code->size + length->size;
  if (auto wrong = wrong_size(*rule, length->value)) return Problem{code->size, *std::move(wrong)};
  if (bytes.size() - start < length->value) {
    return Problem{bytes.size(), "the digest is cut off: " + std::to_string(bytes.size() - start) + " of " +
                                     std::to_string(length->value) + " bytes are there"};
  }
  const ByteView digest = bytes.subspan(start, length->value);
  return Prefix{Multihash(rule->function, Bytes(digest.begin(), digest.end())), start + digest.size()};
}

Result<Multihash> Multihash::from_bytes(ByteView bytes) {
  auto prefix = read(bytes);
  if (!prefix) return prefix.problem();
  if (prefix->size < bytes.size()) {
    return Problem{prefix->size,
                   std::to_string(bytes.size() - prefix->size) + " bytes too many after the digest"};
  }
  return std::move(prefix).value().hash;
}

Result<Multihash> Multihash::from_text(std::string_view text) {
  const auto bytes = multibase::decode_plain(multibase::Base::kBase58Btc, text);
  if (!bytes) return bytes.problem();
  auto found = from_bytes(*bytes);
  if (found) return found;
  // Base58 has no bytes at characters: the position in the text is its beginning.
  return Problem{0, "the bytes are no multihash (" + to_string(found.problem()) + ")"};
}

Bytes Multihash::bytes() const {
  Bytes out;
  out.reserve(digest_.size() + 4);
  varint::append(out, static_cast<std::uint64_t>(function_));
  varint::append(out, digest_.size());
  out.insert(out.end(), digest_.begin(), digest_.end());
  return out;
}

std::string Multihash::text() const { return multibase::encode_plain(multibase::Base::kBase58Btc, bytes()); }

bool Multihash::matches(ByteView data) const {
  if (function_ == HashFunction::kIdentity) return std::ranges::equal(data, digest_);
  return hashed(function_, data) == digest_;
}

}  // namespace idn::identity
