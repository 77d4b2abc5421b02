#include "idn/identity/contact.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "idn/identity/cbor_item.h"
#include "idn/identity/cbor_reader.h"
#include "idn/identity/node_id.h"

namespace idn::identity {
namespace {

// Code, length and digest of each function that names nodes.
constexpr std::size_t kMaxNodeId = 1 + 1 + 32;

void check(const Contact& contact, const PublicKey& key) {
  std::string problem;
  if (const auto zeros = verify_node_id(contact.node_id, key); !zeros) {
    problem = "the node ID " + contact.node_id.text() + " is not the key's: " + zeros.problem().reason;
  } else if (contact.addresses.size() > Contact::kMaxAddresses) {
    problem = "there are " + std::to_string(contact.addresses.size()) + " addresses, expected at most " +
              std::to_string(Contact::kMaxAddresses);
  } else if (contact.sequence < 0) {
    problem = "the sequence is " + std::to_string(contact.sequence) + ", expected 0 or more";
  }
  if (!problem.empty()) throw std::invalid_argument("contact: " + problem + ".");
}

Bytes payload_of(const Contact& contact) {
  Bytes out;
  cbor::append_array(out, 4);
  cbor::append_bytes(out, contact.node_id.bytes());
  cbor::append_array(out, contact.addresses.size());
  for (const Multiaddr& address : contact.addresses) cbor::append_bytes(out, address.bytes());
  cbor::append_bytes(out, contact.transport_key);
  cbor::append_integer(out, contact.sequence);
  return out;
}

std::vector<Multiaddr> read_addresses(cbor::Reader& reader) {
  std::vector<Multiaddr> addresses;
  for (std::size_t left = reader.array_up_to("addresses", Contact::kMaxAddresses); left > 0; --left) {
    const ByteView bytes = reader.bytes("address", Multiaddr::kMaxBytes);
    if (!reader.ok()) break;
    auto address = Multiaddr::from_bytes(bytes);
    if (address) {
      addresses.push_back(std::move(address).value());
    } else {
      reader.refuse("address", bytes, address.problem());
    }
  }
  return addresses;
}

}  // namespace

SignedRecord Contact::sign(const Signer& signer, std::int64_t expires_ms) const {
  check(*this, signer.public_key);
  return SignedRecord::sign(signer, kContactRecord, payload_of(*this), expires_ms);
}

Result<Contact> Contact::from_record(const SignedRecord& record, std::int64_t now_ms) {
  const Verdict verdict = record.verify(kContactRecord, now_ms);
  if (verdict != Verdict::kValid)
    return Problem{0, "the record is not valid: " + std::string(to_string(verdict))};
  cbor::Reader reader(record.payload());
  reader.array("contact", 4);
  const ByteView id = reader.bytes("node ID", kMaxNodeId);
  auto node_id = Multihash::from_bytes(id);
  if (!node_id) {
    reader.refuse("node ID", id, node_id.problem());
  } else if (const auto zeros = verify_node_id(*node_id, record.signer()); !zeros) {
    reader.refuse("node ID", id, zeros.problem());
  }
  auto addresses = read_addresses(reader);
  const auto transport_key = reader.exact_bytes<std::tuple_size_v<TransportKey>>("transport key");
  const auto sequence = reader.unsigned_integer("sequence", 0, std::numeric_limits<std::int64_t>::max());
  if (auto problem = reader.finish()) return *std::move(problem);
  return Contact{.node_id = std::move(node_id).value(),
                 .addresses = std::move(addresses),
                 .transport_key = transport_key,
                 .sequence = static_cast<std::int64_t>(sequence)};
}

}  // namespace idn::identity
