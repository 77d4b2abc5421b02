#include "idn/store/text.h"

#include "idn/core/utf8.h"

namespace idn::store {

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

}  // namespace idn::store
