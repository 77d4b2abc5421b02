#include "idn/store/content_eviction.h"

#include <algorithm>

namespace idn::store::content {
namespace {

/// How many candidates are kept from one scan to the next: what a scan costs is shared by as many evictions.
constexpr std::size_t kKeptCandidates = 16384;

}  // namespace

std::uint64_t Eviction::needed(const Usage& usage, std::uint64_t incoming_bytes) const {
  const std::uint64_t free = limit_bytes_ - std::min(limit_bytes_, usage.bytes);
  const std::uint64_t excess = usage.bytes - std::min(limit_bytes_, usage.bytes);
  return excess + incoming_bytes - std::min(free, incoming_bytes);
}

void Eviction::make_room(const ContentFolder& folder, ContentLock& lock, Protection& protection,
                         const IncomingBlock& incoming) {
  std::uint64_t bytes = needed(lock.usage(), incoming.bytes);
  if (bytes == 0) return;
  protection.refresh(folder, lock);
  protection.expect(folder, incoming);
  // What is no longer pinned may be older than the candidates known.
  if (lock.usage().pins != pins_) candidates_.clear();
  auto victims = take(folder, protection, bytes, Age::kUnused);
  if (victims.empty()) {
    const std::uint64_t protected_bytes = scan(folder, lock, protection);
    bytes = needed(lock.usage(), incoming.bytes);
    if (bytes == 0) return;
    victims = take(folder, protection, bytes, Age::kAny);
    if (victims.empty()) {
      const std::uint64_t free = limit_bytes_ - std::min(limit_bytes_, protected_bytes);
      fail("store " + std::to_string(incoming.bytes) + " bytes in", folder.path(),
           "the limit is " + std::to_string(limit_bytes_) + " bytes and " + std::to_string(protected_bytes) +
               " of them are pinned or being written, which leaves " + std::to_string(free) +
               " free; unpin something or raise max_bytes");
    }
  }
  if (candidates_.size() > kKeptCandidates) {
    candidates_.erase(candidates_.begin(), candidates_.end() - kKeptCandidates);
    candidates_.shrink_to_fit();
  }
  lock.begin_change();
  Usage usage = lock.usage();
  for (const Candidate& victim : victims) {
    if (folder.remove(victim.name)) usage = usage.without(victim.file.size);
  }
  lock.end_change(usage);
}

/// Candidates of so many bytes in all that may still be removed; none at all if there are not enough.
std::vector<Eviction::Candidate> Eviction::take(const ContentFolder& folder, const Protection& protection,
                                                std::uint64_t bytes, Age age) {
  std::vector<Candidate> taken;
  while (bytes > 0 && !candidates_.empty()) {
    Candidate candidate = std::move(candidates_.back());
    candidates_.pop_back();
    const auto file = folder.find(candidate.name);
    if (!file || (age == Age::kUnused && *file != candidate.file) || protection.covers(candidate.name))
      continue;
    bytes -= std::min(bytes, candidate.file.size);
    taken.push_back(std::move(candidate));
  }
  if (bytes > 0) taken.clear();
  return taken;
}

/// Finds the candidates anew, and what the store really holds; how many bytes are protected.
std::uint64_t Eviction::scan(const ContentFolder& folder, ContentLock& lock, const Protection& protection) {
  Usage counted{0, 0, lock.usage().pins};
  std::uint64_t protected_bytes = 0;
  candidates_.clear();
  folder.each_block([&](const std::string& name, const BlockFile& file) {
    ++counted.blocks;
    counted.bytes += file.size;
    if (protection.covers(name)) {
      protected_bytes += file.size;
    } else {
      candidates_.push_back({file, name});
    }
  });
  lock.begin_change();
  lock.end_change(counted);
  pins_ = counted.pins;
  const auto newest_first = [](const Candidate& a, const Candidate& b) {
    return a.file.used_ns != b.file.used_ns ? a.file.used_ns > b.file.used_ns : a.name > b.name;
  };
  std::ranges::sort(candidates_, newest_first);
  return protected_bytes;
}

}  // namespace idn::store::content
