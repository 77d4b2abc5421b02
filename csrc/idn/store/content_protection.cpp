#include "idn/store/content_protection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "idn/store/content_name.h"

namespace idn::store::content {
namespace {

/// Adds the names in the lines after the first `read_bytes`; a line still being written waits.
void read_lines(const Descriptor& file, const std::filesystem::path& path, std::uint64_t& read_bytes,
                Names& names) {
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = pread(file.number(), buffer.data(), buffer.size(), static_cast<off_t>(read_bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
      names.emplace(text.substr(start, end - start));
      start = end + 1;
    }
    if (start == 0) return;
    read_bytes += start;
  }
}

}  // namespace

Lease::Lease(const ContentFolder& folder)
    : file_(folder.temporary(), folder.temporary_path(), kLeaseSuffix) {}

void Lease::add(const std::string& name) { file_.write(bytes_of(name + '\n')); }

bool Protection::covers(const std::string& name) const {
  return is_pinned(name) ||
         std::ranges::any_of(leases_, [&](const auto& lease) { return lease.second.names.contains(name); });
}

void Protection::refresh(const ContentFolder& folder, const ContentLock& lock) {
  refresh_pins(folder, lock.usage().pins);
  refresh_leases(folder);
}

void Protection::refresh_pins(const ContentFolder& folder, std::uint64_t pins) {
  if (!known_ || pins != pins_) {
    pinned_.clear();
    unread_ = add_tree(folder, folder.pins().list(), pinned_).unread;
    pins_ = pins;
    known_ = true;
    return;
  }
  // Blocks that have come since bring others under their pin.
  for (const auto& cid : unread_) pinned_.erase(block_name(cid));
  unread_ = add_tree(folder, unread_, pinned_).unread;
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
    read_lines(file, folder.temporary_path() / name, live[name].read_bytes, live[name].names);
  });
  leases_ = std::move(live);
}

}  // namespace idn::store::content
