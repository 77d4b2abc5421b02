#include "idn/store/content_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <memory>

#include "temporary_folder.h"

namespace idn::store::content {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// A child process that does something, says so, and lives until the test ends.
class Child {
 public:
  explicit Child(const std::function<void()>& action) {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(pipe(pipe_ends.data()), 0);
    number_ = fork();
    if (number_ == 0) {
      action();
      EXPECT_EQ(write(pipe_ends[1], "d", 1), 1);
      while (true) pause();
    }
    char done = 0;
    EXPECT_EQ(read(pipe_ends[0], &done, 1), 1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  void end() {
    if (number_ <= 0) return;
    kill(number_, SIGKILL);
    waitpid(number_, nullptr, 0);
    number_ = -1;
  }

 private:
  pid_t number_ = -1;
};

std::future<void> lock_in_a_thread(const ContentFolder& folder) {
  return std::async(std::launch::async, [&folder] { const ContentLock lock(folder); });
}

TEST(ContentLock, EndsWithItsHolderThoughAChildForkedMeanwhileLives) {
  const TemporaryFolder temporary;
  const ContentFolder folder(temporary / "store", true);
  auto lock = std::make_unique<ContentLock>(folder);
  Child child([] {});
  lock.reset();
  const auto other = lock_in_a_thread(folder);
  EXPECT_EQ(other.wait_for(20s), std::future_status::ready);
  child.end();
}

TEST(ContentLock, IsNotTheForkedChildsToEnd) {
  const TemporaryFolder temporary;
  const ContentFolder folder(temporary / "store", true);
  auto lock = std::make_unique<ContentLock>(folder);
  const Child child([&] { lock.reset(); });
  const auto other = lock_in_a_thread(folder);
  EXPECT_EQ(other.wait_for(200ms), std::future_status::timeout);
  lock.reset();
  EXPECT_EQ(other.wait_for(20s), std::future_status::ready);
}

TEST(ContentLock, HoldsThoughTheUsageIsDeleted) {
  const TemporaryFolder temporary;
  const ContentFolder folder(temporary / "store", true);
  auto lock = std::make_unique<ContentLock>(folder);
  std::filesystem::remove(temporary / "store" / "usage");
  const auto other = lock_in_a_thread(folder);
  EXPECT_EQ(other.wait_for(200ms), std::future_status::timeout);
  lock.reset();
  EXPECT_EQ(other.wait_for(20s), std::future_status::ready);
}

}  // namespace
}  // namespace idn::store::content
