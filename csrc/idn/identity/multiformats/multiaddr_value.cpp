#include "idn/identity/multiformats/multiaddr_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "idn/core/utf8.h"
#include "idn/identity/multiformats/cid.h"
#include "idn/identity/multiformats/ip_address.h"
#include "idn/identity/multiformats/multibase.h"
#include "idn/identity/multiformats/multihash.h"

namespace idn::identity {
namespace {

constexpr std::size_t kPortBytes = 2;
constexpr std::size_t kMemoryBytes = 8;

constexpr std::array kRules{
    ProtocolRule{Protocol::kIp4, "ip4", 4},          ProtocolRule{Protocol::kIp6, "ip6", 16},
    ProtocolRule{Protocol::kDns, "dns", 0},          ProtocolRule{Protocol::kDns4, "dns4", 0},
    ProtocolRule{Protocol::kDns6, "dns6", 0},        ProtocolRule{Protocol::kTcp, "tcp", kPortBytes},
    ProtocolRule{Protocol::kUdp, "udp", kPortBytes}, ProtocolRule{Protocol::kUnix, "unix", 0},
    ProtocolRule{Protocol::kP2p, "p2p", 0},          ProtocolRule{Protocol::kMemory, "memory", kMemoryBytes},
};

// DNS: RFC 1035's limits.
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

// libp2p: keys of at most so many bytes are their own peer ID, longer ones are hashed.
constexpr std::size_t kMaxInlineKey = 42;
constexpr std::size_t kMaxPeerText = 128;  // enough for a CID too, to say what to write instead

using Check = std::optional<Problem>;

bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool is_small_letter(char character) { return character >= 'a' && character <= 'z'; }

Result<Bytes> number_from_text(std::string_view text, std::size_t size) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * size);
  const std::string expected = "expected a number from 0 to " + std::to_string(most);
  if (text.empty()) return Problem{0, expected};
  const auto* stranger = std::ranges::find_if_not(text, is_digit);
  if (stranger != text.end()) return Problem{static_cast<std::size_t>(stranger - text.begin()), expected};
  if (text.size() > 1 && text[0] == '0') return Problem{0, "the number has a leading zero"};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > most) return Problem{0, expected};
  Bytes bytes(size);
  for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  return bytes;
}

std::string number_text(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return std::to_string(value);
}

// Resolvers take "127.1" and "0x7f000001" for IPv4 addresses, so that no name may end in such a label.
bool is_number(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  return label.starts_with("0x") && std::ranges::all_of(label.substr(2), [](char character) {
           return is_digit(character) || (character >= 'a' && character <= 'f');
         });
}

Check check_label(std::string_view label) {
  if (label.empty()) return Problem{0, "a label of the name is empty"};
  if (label.size() > kMaxLabel) return Problem{kMaxLabel, "a label of the name has more than 63 characters"};
  for (std::size_t i = 0; i < label.size(); ++i) {
    const bool inside = i > 0 && i + 1 < label.size();
    if (is_small_letter(label[i]) || is_digit(label[i]) || label[i] == '_') continue;
    if (label[i] == '-' && inside) continue;
    return Problem{i,
                   "a name is of small letters, digits, '_' and, inside a label, '-'; write others in "
                   "their ASCII form (xn--…)"};
  }
  return std::nullopt;
}

Check check_name(std::string_view name) {
  if (name.size() > kMaxName) return Problem{kMaxName, "the name has more than 253 characters"};
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string_view label = name.substr(at, end - at);
    if (Check problem = check_label(label)) return Problem{at + problem->position, problem->reason};
    if (end < name.size()) {
      at = end + 1;
      continue;
    }
    if (is_number(label)) return Problem{at, "the name ends like an IP address; use ip4"};
    return std::nullopt;
  }
}

Check check_path(std::string_view path) {
  if (!path.starts_with('/')) return Problem{0, "the path does not begin with '/'"};
  const auto control =
      std::ranges::find_if(path, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
  if (control != path.end()) {
    return Problem{static_cast<std::size_t>(control - path.begin()), "the path has a control character"};
  }
  const std::size_t good = utf8_prefix(path);
  if (good < path.size()) return Problem{good, "the path is not UTF-8"};
  if (path.ends_with('/')) return Problem{path.size() - 1, "the path ends in '/'"};
  return std::nullopt;
}

Check check_peer(const Multihash& hash) {
  switch (hash.function()) {
    case HashFunction::kSha2Bits256:
    case HashFunction::kSha3Bits256:
    case HashFunction::kKeccak256:
      return std::nullopt;
    case HashFunction::kIdentity:
      if (!hash.digest_bytes().empty() && hash.digest_bytes().size() <= kMaxInlineKey) return std::nullopt;
      return Problem{0, "a peer ID that is the key itself has 1 to 42 bytes, not " +
                            std::to_string(hash.digest_bytes().size())};
    default:
      return Problem{0, "a peer ID is of sha2-256, sha3-256, keccak-256 or identity, not " +
                            std::string(to_string(hash.function()))};
  }
}

Result<Bytes> peer_from_text(std::string_view text) {
  if (text.size() > kMaxPeerText) return Problem{kMaxPeerText, "the peer ID is too long to be one"};
  const Result<Multihash> hash = Multihash::from_text(text);
  if (!hash) {
    const Result<Cid> cid = Cid::from_text(text);
    if (cid) return Problem{0, "the peer ID is a CID; write its multihash in base58: " + cid->hash().text()};
    return Problem{hash.problem().position,
                   hash.problem().reason + "; expected a multihash in base58, as Qm… or 12D3Koo…"};
  }
  if (Check problem = check_peer(*hash)) return *problem;
  return hash->bytes();
}

Result<std::string> peer_text(ByteView value) {
  const Result<Multihash> hash = Multihash::from_bytes(value);
  if (!hash) return hash.problem();
  if (Check problem = check_peer(*hash)) return *problem;
  return hash->text();
}

template <class Value>
Result<Value> checked(const Check& problem, Value value) {
  if (problem) return *problem;
  return value;
}

}  // namespace

const ProtocolRule* find_protocol(std::string_view name) {
  const auto* found = std::ranges::find(kRules, name, &ProtocolRule::name);
  return found == kRules.end() ? nullptr : found;
}

const ProtocolRule* find_protocol(std::uint64_t code) {
  const auto* found = std::ranges::find(kRules, static_cast<Protocol>(code), &ProtocolRule::protocol);
  return found == kRules.end() ? nullptr : found;
}

std::string protocol_names() {
  std::string names;
  for (const ProtocolRule& rule : kRules) names += (names.empty() ? "" : ", ") + std::string(rule.name);
  return names;
}

Result<Bytes> value_from_text(Protocol protocol, std::string_view text) {
  const ByteView bytes = bytes_of(text);
  switch (protocol) {
    case Protocol::kIp4:
      return ip4_from_text(text);
    case Protocol::kIp6:
      return ip6_from_text(text);
    case Protocol::kTcp:
    case Protocol::kUdp:
      return number_from_text(text, kPortBytes);
    case Protocol::kMemory:
      return number_from_text(text, kMemoryBytes);
    case Protocol::kDns:
    case Protocol::kDns4:
    case Protocol::kDns6:
      return checked(check_name(text), Bytes(bytes.begin(), bytes.end()));
    case Protocol::kUnix:
      return checked(check_path(text), Bytes(bytes.begin(), bytes.end()));
    case Protocol::kP2p:
      return peer_from_text(text);
  }
  return Problem{0, "the protocol is unknown"};
}

Result<std::string> value_text(Protocol protocol, ByteView value) {
  const ProtocolRule* rule = find_protocol(static_cast<std::uint64_t>(protocol));
  if (rule == nullptr) return Problem{0, "the protocol is unknown"};
  if (rule->size != 0 && value.size() != rule->size) {
    return Problem{0, "the value has " + std::to_string(value.size()) + " bytes, expected " +
                          std::to_string(rule->size)};
  }
  const std::string_view text = text_of(value);
  switch (protocol) {
    case Protocol::kIp4:
      return ip4_text(value);
    case Protocol::kIp6:
      return ip6_text(value);
    case Protocol::kTcp:
    case Protocol::kUdp:
    case Protocol::kMemory:
      return number_text(value);
    case Protocol::kDns:
    case Protocol::kDns4:
    case Protocol::kDns6:
      return checked(check_name(text), std::string(text));
    case Protocol::kUnix:
      return checked(check_path(text), std::string(text));
    case Protocol::kP2p:
      return peer_text(value);
  }
  return Problem{0, "the protocol is unknown"};
}

}  // namespace idn::identity
