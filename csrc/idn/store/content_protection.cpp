#include "idn/store/content_protection.h"

#include <algorithm>
#include <utility>

#include "idn/store/content_name.h"

namespace idn::store::content {

Lease::Lease(const ContentFolder& folder)
    : file_(folder.temporary(), folder.temporary_path(), kLeaseSuffix) {}

void Lease::add(const std::string& name) { file_.write(bytes_of(name + '\n')); }

bool Protection::covers(const std::string& name) const {
  return is_pinned(name) || expected_.contains(name) ||
         std::ranges::any_of(leases_, [&](const auto& lease) { return lease.second.names.contains(name); });
}

void Protection::refresh(const ContentFolder& folder, const ContentLock& lock) {
  refresh_pins(folder, lock.usage().pins);
  refresh_leases(folder);
  expected_.clear();
}

void Protection::expect(const ContentFolder& folder, const IncomingBlock& block) {
  if (block.pin || is_pinned(block.name)) add_tree(folder, block.links, expected_);
}

void Protection::refresh_pins(const ContentFolder& folder, std::uint64_t pins) {
  if (std::exchange(known_, false) && pins == pins_) {
    // Blocks that have come since bring others under their pin.
    for (const auto& cid : unread_) pinned_.erase(block_name(cid));
    unread_ = add_tree(folder, unread_, pinned_).unread;
  } else {
    pinned_.clear();
    unread_ = add_tree(folder, folder.pins().covered(), pinned_).unread;
    pins_ = pins;
  }
  known_ = true;
}

void Protection::refresh_leases(const ContentFolder& folder) {
  std::map<std::string, Leased> live;
  each_name(folder.temporary(), folder.temporary_path(), [&](const std::string& name) {
    if (!is_temporary(name, kLeaseSuffix)) return;
    const Descriptor file = open_live(folder.temporary(), name, folder.temporary_path());
    if (!file) return;
    auto known = leases_.extract(name);
    if (known.empty()) {
      live[name];
    } else {
      live.insert(std::move(known));
    }
    Leased& lease = live[name];
    read_lines(file, folder.temporary_path() / name, lease.read_bytes,
               [&](std::string_view line) { lease.names.emplace(line); });
  });
  leases_ = std::move(live);
}

}  // namespace idn::store::content
