#include "programs/idn_run/whole_file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "idn/core/error.h"
#include "idn/core/printable.h"

namespace idn_run {

WholeFile::WholeFile(const std::string& path)
    : path_(path), file_(std::make_unique<idn::store::ReplacementFile>(path)) {}

void WholeFile::write(idn::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_->descriptor(), bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) {
      const std::string why = std::generic_category().message(errno);
      throw idn::StoreError("cannot write " + idn::printable(path_) + ": " + why);
    }
    if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

}  // namespace idn_run
