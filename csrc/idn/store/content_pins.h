#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_descriptor.h"

namespace idn::store::content {

/// The pins of a content store: a folder with one empty file for each pinned CID, named as its block is.
class PinFolder {
 public:
  PinFolder() = default;
  PinFolder(Descriptor folder, std::filesystem::path path);

  /// Adds a pin, on the disk when this returns.
  void add(const std::string& name) const;

  /// Removes a pin that is there.
  void remove(const std::string& name) const;

  [[nodiscard]] bool has(const std::string& name) const;

  /// The pinned CIDs, in the order of their names.
  [[nodiscard]] std::vector<identity::Cid> list() const;

 private:
  Descriptor folder_;
  std::filesystem::path path_;
};

}  // namespace idn::store::content
