#include "idn/identity/signed_message.h"

#include <string_view>

#include "idn/identity/cbor_item.h"

namespace idn::identity {
namespace {

// As the purpose of signed_record.cpp, and another than that.
constexpr std::string_view kPurpose = "idn/message/1";

Bytes signed_bytes(ByteView message) {
  Bytes out;
  out.reserve(message.size() + 32);
  cbor::append_array(out, 2);
  cbor::append_text(out, kPurpose);
  cbor::append_bytes(out, message);
  return out;
}

}  // namespace

Signature sign_message(const PrivateKey& key, ByteView message) { return key.sign(signed_bytes(message)); }

bool verify_message(const PublicKey& key, ByteView message, const Signature& signature) {
  return verify(key, signed_bytes(message), signature);
}

}  // namespace idn::identity
