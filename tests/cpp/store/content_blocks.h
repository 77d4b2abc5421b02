#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "idn/core/error.h"
#include "idn/identity/multiformats/dag_pb.h"
#include "idn/store/content.h"

namespace idn::store {

/// A block of 100 bytes that no other number gives.
inline Bytes block(int number) {
  Bytes bytes(100);
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return bytes;
}

/// Puts a dag-pb block with these links.
inline identity::Cid put_node(ContentStore& store, const std::vector<identity::Cid>& links,
                              bool pin = false) {
  identity::dag_pb::Node node;
  for (const identity::Cid& link : links) node.links.push_back({link, "", 1});
  return store.put(identity::dag_pb::encode(node), identity::Codec::kDagPb, pin);
}

/// The message of the StoreError that `action` throws.
inline std::string store_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "no StoreError";
}

}  // namespace idn::store
