#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace idn::store::content {

/// An open file or folder, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }

  /// Gives the number away, for somebody else to close.
  int release() { return std::exchange(number_, -1); }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

/// Throws StoreError: "cannot <verb> '<path>': <why>".
[[noreturn]] void fail(std::string_view verb, const std::filesystem::path& path, const std::string& why);

/// The same with the reason of the system's error, as errno holds it.
[[noreturn]] void fail(std::string_view verb, const std::filesystem::path& path, int error);

/// Opens a folder below another one; none if it is not there. Fails for what is no folder, symbolic links
/// included.
Descriptor open_folder(int parent, const std::string& name, const std::filesystem::path& path);

/// The same, made first where it is not there.
Descriptor make_folder(int parent, const std::string& name, const std::filesystem::path& path);

/// Calls `visit` with every name in a folder, in no order.
void each_name(const Descriptor& folder, const std::filesystem::path& path,
               const std::function<void(const std::string&)>& visit);

/// Calls `visit` with the lines of a file after the first `read_bytes`, to which it adds what it has read; a
/// line still being written waits.
void read_lines(const Descriptor& file, const std::filesystem::path& path, std::uint64_t& read_bytes,
                const std::function<void(std::string_view)>& visit);

/// Waits until the folder's names are on the disk; passes over file systems that have no way to.
void sync_folder(const Descriptor& folder, const std::filesystem::path& path);

/// flock() that goes on after a signal, unless `interrupted` throws; false if `operation` has LOCK_NB and
/// another one holds the lock.
bool lock_file(int descriptor, int operation, const std::filesystem::path& path,
               const std::function<void()>& interrupted = {});

}  // namespace idn::store::content
