#include "idn/store/content_name.h"

#include <algorithm>

namespace idn::store::content {
namespace {

constexpr std::size_t kShardLength = 2;

bool is_base32(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '2' && letter <= '7'); }

}  // namespace

std::string block_name(const identity::Cid& cid) { return identity::Cid::v1(cid.codec(), cid.hash()).text(); }

std::optional<identity::Cid> cid_of_name(std::string_view name) {
  constexpr std::size_t kLongestFileName = 255;
  if (name.size() <= kShardLength || name.size() > kLongestFileName) return std::nullopt;
  auto cid = identity::Cid::from_text(name);
  if (!cid || block_name(*cid) != name) return std::nullopt;
  return *std::move(cid);
}

identity::Cid cid_of(const std::string& name) { return identity::Cid::from_text(name).value(); }

std::string shard_of(std::string_view name) {
  return std::string(name.substr(name.size() - kShardLength - 1, kShardLength));
}

bool is_shard(std::string_view name) {
  return name.size() == kShardLength && std::all_of(name.begin(), name.end(), is_base32);
}

bool is_inline(const identity::Cid& cid) {
  return cid.hash().function() == identity::HashFunction::kIdentity;
}

}  // namespace idn::store::content
