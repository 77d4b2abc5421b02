#include "mutation.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace idn::fuzz {
namespace {

// Where readers of lengths, counts and numbers have their edges.
constexpr std::array<std::uint64_t, 14> kEdges = {0,
                                                  1,
                                                  0x17,
                                                  0x18,
                                                  0x7f,
                                                  0x80,
                                                  0xff,
                                                  0x100,
                                                  0x7fff,
                                                  0xffff,
                                                  0x7fffffff,
                                                  0xffffffff,
                                                  0x7fffffffffffffff,
                                                  ~std::uint64_t{0}};
constexpr std::size_t kMostInserted = 16;

std::ptrdiff_t offset(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }

}  // namespace

Mutator::Mutator(std::vector<Bytes> corpus, std::size_t max_bytes, std::uint64_t seed)
    : corpus_(std::move(corpus)), max_bytes_(max_bytes), random_(seed) {
  if (corpus_.empty()) throw std::invalid_argument("fuzz: the corpus is empty; expected an input to change.");
}

// The library's distributions differ between implementations; that this one favours small numbers by less
// than 2^-32 does no harm.
std::size_t Mutator::below(std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(random_() % limit);
}

const Bytes& Mutator::any_input() { return corpus_[below(corpus_.size())]; }

Bytes Mutator::next() {
  Bytes bytes = any_input();
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(bytes);
  bytes.resize(std::min(bytes.size(), max_bytes_));
  return bytes;
}

void Mutator::change(Bytes& bytes) {
  using Change = void (Mutator::*)(Bytes&);
  static constexpr std::array<Change, 7> kChanges = {
      &Mutator::flip_a_bit,     &Mutator::set_a_byte, &Mutator::insert_bytes,    &Mutator::remove_a_range,
      &Mutator::repeat_a_range, &Mutator::splice,     &Mutator::write_an_integer};
  (this->*kChanges[below(kChanges.size())])(bytes);
}

void Mutator::flip_a_bit(Bytes& bytes) {
  if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<std::uint8_t>(1U << below(8));
}

void Mutator::set_a_byte(Bytes& bytes) {
  if (!bytes.empty()) bytes[below(bytes.size())] = static_cast<std::uint8_t>(below(256));
}

void Mutator::insert_bytes(Bytes& bytes) {
  Bytes fresh(1 + below(kMostInserted));
  for (std::uint8_t& byte : fresh) byte = static_cast<std::uint8_t>(below(256));
  bytes.insert(bytes.begin() + offset(below(bytes.size() + 1)), fresh.begin(), fresh.end());
}

void Mutator::remove_a_range(Bytes& bytes) {
  const std::size_t begin = below(bytes.size());
  const std::size_t end = begin + below(bytes.size() - begin + 1);
  bytes.erase(bytes.begin() + offset(begin), bytes.begin() + offset(end));
}

void Mutator::repeat_a_range(Bytes& bytes) {
  const std::size_t begin = below(bytes.size());
  const std::size_t end = begin + below(bytes.size() - begin + 1);
  const Bytes range(bytes.begin() + offset(begin), bytes.begin() + offset(end));
  bytes.insert(bytes.begin() + offset(below(bytes.size() + 1)), range.begin(), range.end());
}

// The beginning of this one, and the end of another.
void Mutator::splice(Bytes& bytes) {
  const Bytes& other = any_input();
  bytes.resize(below(bytes.size() + 1));
  bytes.insert(bytes.end(), other.begin() + offset(below(other.size() + 1)), other.end());
}

void Mutator::write_an_integer(Bytes& bytes) {
  const std::size_t size = std::min(std::size_t{1} << below(4), bytes.size());
  if (size == 0) return;
  const std::uint64_t value = kEdges[below(kEdges.size())];
  const bool big_end_first = below(2) == 0;
  const std::size_t at = below(bytes.size() - size + 1);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = big_end_first ? size - 1 - i : i;
    bytes[at + place] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

}  // namespace idn::fuzz
