#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "idn/core/bytes.h"
#include "idn/core/result.h"
#include "idn/core/utf8.h"

namespace idn::fuzz {

/// Ends the program where a law does not hold; libFuzzer, or our driver, then shows the input.
inline void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", law);
  std::abort();
}

/// What every refusal owes: a position in the input, its end included, and a reason fit for a log.
///
/// A reason that holds the input as it came could steer a terminal, and one that grows with it fill a disk.
inline void require_sound(const Problem& problem, std::size_t input_size) {
  require(problem.position <= input_size, "a problem's position lies in the input");
  require(!problem.reason.empty() && problem.reason.size() <= 400, "a reason is a sentence");
  require(
      std::ranges::none_of(problem.reason, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; }),
      "a reason holds no control character");
  require(utf8_prefix(problem.reason) == problem.reason.size(), "a reason is UTF-8");
}

/// Whether the input was taken; where it was not, the problem is looked at.
template <class T>
bool taken(const Result<T>& result, std::size_t input_size) {
  if (!result) require_sound(result.problem(), input_size);
  return result.ok();
}

/// The input of a format that has two forms: an odd first byte says that characters follow, an even one
/// bytes.
///
/// So 'c' begins the characters and 'b' the bytes of a corpus.
struct TwoForms {
  explicit TwoForms(ByteView input)
      : is_text(!input.empty() && input.front() % 2 == 1), bytes(input.subspan(input.empty() ? 0 : 1)) {}

  [[nodiscard]] std::string_view text() const { return text_of(bytes); }

  bool is_text;
  ByteView bytes;
};

/// Hands an input to whoever reads its form; what libFuzzer asks for is then 0.
inline int in_its_form(ByteView input, void (*read_text)(std::string_view), void (*read_bytes)(ByteView)) {
  const TwoForms forms(input);
  if (forms.is_text) {
    read_text(forms.text());
  } else {
    read_bytes(forms.bytes);
  }
  return 0;
}

inline bool same(ByteView one, ByteView other) { return std::ranges::equal(one, other); }

}  // namespace idn::fuzz

/// What libFuzzer, or our driver, calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
