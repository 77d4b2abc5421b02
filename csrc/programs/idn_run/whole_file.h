#pragma once

#include <memory>
#include <string>

#include "idn/core/bytes.h"
#include "idn/store/replacement_file.h"

namespace idn_run {

/// A file that is written piece by piece and appears whole, at commit(), or not at all. What the disk refuses
/// is idn::StoreError.
class WholeFile {
 public:
  explicit WholeFile(const std::string& path);

  void write(idn::ByteView bytes);
  void commit() { file_->commit(); }

 private:
  std::string path_;
  std::unique_ptr<idn::store::ReplacementFile> file_;
};

}  // namespace idn_run
