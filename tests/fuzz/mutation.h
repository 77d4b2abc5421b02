#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "idn/core/bytes.h"

namespace idn::fuzz {

/// Makes inputs that are nearly those of a corpus: a seed fixes the whole sequence, on every machine.
class Mutator {
 public:
  /// Throws std::invalid_argument for a corpus without an input.
  Mutator(std::vector<Bytes> corpus, std::size_t max_bytes, std::uint64_t seed);

  /// An input of the corpus with one to four changes, of at most max_bytes.
  Bytes next();

 private:
  std::size_t below(std::size_t limit);  // a number from 0 to limit - 1, or 0 where there is none
  const Bytes& any_input();
  void change(Bytes& bytes);
  void flip_a_bit(Bytes& bytes);
  void set_a_byte(Bytes& bytes);
  void insert_bytes(Bytes& bytes);
  void remove_a_range(Bytes& bytes);
  void repeat_a_range(Bytes& bytes);
  void splice(Bytes& bytes);
  void write_an_integer(Bytes& bytes);

  std::vector<Bytes> corpus_;
  std::size_t max_bytes_;
  std::mt19937_64 random_;
};

}  // namespace idn::fuzz
