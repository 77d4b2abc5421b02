#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "idn/identity/multiformats/cid.h"
#include "idn/store/content_descriptor.h"
#include "idn/store/content_temporary.h"

namespace idn::store::content {

/// The pins of a content store: a folder with one file for each pinned CID, named as its block is.
///
/// Its lines name the blocks that were found below it. They are kept though a block in between is damaged
/// later, so that the way to them is lost.
class PinFolder {
 public:
  PinFolder() = default;
  PinFolder(Descriptor folder, std::filesystem::path path);

  /// Adds a pin, or replaces it, by a file that is on the disk; so is the pin when this returns.
  void add(const std::string& name, TemporaryFile& file) const;

  /// Removes a pin that is there.
  void remove(const std::string& name) const;

  [[nodiscard]] bool has(const std::string& name) const;

  /// The pinned CIDs, in the order of their names.
  [[nodiscard]] std::vector<identity::Cid> list() const;

  /// The pinned CID of this name and those that its pin, if it is there, names; one may come twice.
  [[nodiscard]] std::vector<identity::Cid> covered(const std::string& name) const;

  /// The same for all pins.
  [[nodiscard]] std::vector<identity::Cid> covered() const;

 private:
  Descriptor folder_;
  std::filesystem::path path_;
};

}  // namespace idn::store::content
