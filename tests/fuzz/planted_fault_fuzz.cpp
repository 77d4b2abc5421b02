// A law that does not hold: the tests ask our driver to find it, so that its silence elsewhere means
// something.
#include "laws.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  idn::fuzz::require(size != 5 || data[0] != 'p' || data[4] < 0x80, "the planted one");
  return 0;
}
