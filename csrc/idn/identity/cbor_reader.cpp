#include "idn/identity/cbor_reader.h"

#include <utility>

namespace idn::identity::cbor {
namespace {

std::string expected(const std::string& wanted, std::uint64_t found) {
  return "expected " + wanted + ", found " + std::to_string(found);
}

}  // namespace

Item Reader::next(std::string_view name, Kind kind) {
  const Item nothing{.kind = kind, .argument = 0, .content = {}, .begin = at_, .end = at_};
  if (problem_) return nothing;
  const Result<Item> item = read_item(bytes_, at_);
  if (!item) {
    refuse(name, item.problem().position, item.problem().reason);
    return nothing;
  }
  if (item->kind != kind) {
    refuse(name, item->begin,
           "expected " + std::string(to_string(kind)) + ", found " + std::string(to_string(item->kind)));
    return nothing;
  }
  at_ = item->end;
  return *item;
}

void Reader::array(std::string_view name, std::size_t count) {
  const Item item = next(name, Kind::kArray);
  if (ok() && item.argument != count) {
    refuse(name, item.begin, expected("an array of " + std::to_string(count), item.argument));
  }
}

std::size_t Reader::array_up_to(std::string_view name, std::size_t most) {
  const Item item = next(name, Kind::kArray);
  if (item.argument <= most) return static_cast<std::size_t>(item.argument);
  refuse(name, item.begin, expected("an array of at most " + std::to_string(most), item.argument));
  return 0;
}

bool Reader::boolean(std::string_view name) { return next(name, Kind::kBoolean).argument != 0; }

std::uint64_t Reader::unsigned_integer(std::string_view name, std::uint64_t least, std::uint64_t most) {
  const Item item = next(name, Kind::kUnsigned);
  if (!ok()) return 0;
  if (item.argument >= least && item.argument <= most) return item.argument;
  refuse(name, item.begin,
         expected("a number from " + std::to_string(least) + " to " + std::to_string(most), item.argument));
  return 0;
}

std::string_view Reader::text(std::string_view name, std::size_t most) {
  const Item item = next(name, Kind::kText);
  if (item.content.size() <= most) return text_of(item.content);
  refuse(name, item.begin, expected("at most " + std::to_string(most) + " bytes", item.content.size()));
  return {};
}

ByteView Reader::bytes(std::string_view name, std::size_t most) {
  const Item item = next(name, Kind::kBytes);
  if (item.content.size() <= most) return item.content;
  refuse(name, item.begin, expected("at most " + std::to_string(most) + " bytes", item.content.size()));
  return {};
}

ByteView Reader::exactly(std::string_view name, std::size_t size) {
  const Item item = next(name, Kind::kBytes);
  if (!ok() || item.content.size() == size) return item.content;
  refuse(name, item.begin, expected(std::to_string(size) + " bytes", item.content.size()));
  return {};
}

void Reader::refuse(std::string_view name, ByteView part, const Problem& problem) {
  if (!ok()) return;
  refuse(name, static_cast<std::size_t>(part.data() - bytes_.data()) + problem.position, problem.reason);
}

void Reader::refuse(std::string_view name, std::size_t position, const std::string& reason) {
  if (ok()) problem_ = Problem{position, std::string(name) + ": " + reason};
}

std::optional<Problem> Reader::finish() const {
  if (problem_ || at_ == bytes_.size()) return problem_;
  return Problem{at_, "the value ends here; bytes that follow: " + std::to_string(bytes_.size() - at_)};
}

}  // namespace idn::identity::cbor
