#include "idn/identity/private_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "../store/temporary_folder.h"
#include "idn/core/error.h"

namespace {

bool there_are_links = true;

}  // namespace

// In place of the system's: a file system may have no links, as FAT has none.
extern "C" int link(const char* from, const char* to) noexcept {
  if (there_are_links) return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
  errno = EPERM;
  return -1;
}

namespace idn::identity {
namespace {

using store::TemporaryFolder;

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

template <class Failure, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

const Bytes kContent{1, 2, 3};

TEST(PrivateFile, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  write_private_file(folder / "key", kContent, false);
  EXPECT_EQ(read_private_file(folder / "key", 3), kContent);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(PrivateFile, IsItsOwnersAloneUnderAnyMask) {
  const TemporaryFolder folder;
  for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
    const mode_t before = umask(mask);
    write_private_file(folder / "key", kContent, true);
    umask(before);
    EXPECT_EQ(mode_of(folder / "key"), 0600U) << mask;
  }
}

TEST(PrivateFile, AnOldFileStaysUnlessItIsToBeOverwritten) {
  const TemporaryFolder folder;
  write_private_file(folder / "key", kContent, false);
  const std::string why =
      message_of<IdentityError>([&] { write_private_file(folder / "key", Bytes{9}, false); });
  EXPECT_NE(why.find("it exists already"), std::string::npos) << why;
  EXPECT_NE(why.find("/key'"), std::string::npos) << why;
  EXPECT_EQ(read_private_file(folder / "key", 3), kContent);
  EXPECT_EQ(folder.files(), 1U);
  write_private_file(folder / "key", Bytes{9}, true);
  EXPECT_EQ(read_private_file(folder / "key", 3), Bytes{9});
  EXPECT_EQ(folder.files(), 1U);
}

TEST(PrivateFile, AnOldFileStaysWhereAFileSystemHasNoLinks) {
  const TemporaryFolder folder;
  there_are_links = false;
  rehearse_private_file(folder / "key", kContent, false);
  EXPECT_EQ(folder.files(), 0U);
  write_private_file(folder / "key", kContent, false);
  EXPECT_THROW(write_private_file(folder / "key", Bytes{9}, false), IdentityError);
  there_are_links = true;
  EXPECT_EQ(read_private_file(folder / "key", 3), kContent);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(PrivateFile, ARehearsalRefusesWhatWritingWouldAndLeavesNothing) {
  const TemporaryFolder folder;
  rehearse_private_file(folder / "key", kContent, false);
  EXPECT_THROW(rehearse_private_file(folder / "none/key", kContent, false), IdentityError);
  EXPECT_THROW(rehearse_private_file(folder / std::string(300, 'k'), kContent, false), IdentityError);
  EXPECT_THROW(rehearse_private_file(folder.path(), kContent, true), IdentityError);
  EXPECT_EQ(folder.files(), 0U);
  write_private_file(folder / "key", kContent, false);
  EXPECT_THROW(rehearse_private_file(folder / "key", kContent, false), IdentityError);
  rehearse_private_file(folder / "key", Bytes{9}, true);
  EXPECT_EQ(read_private_file(folder / "key", 3), kContent);
  EXPECT_EQ(folder.files(), 1U);
}

TEST(PrivateFile, APathThatIsNoneIsRefusedWithTheReason) {
  const std::string why = message_of<IdentityError>([] { write_private_file("", kContent, false); });
  EXPECT_NE(why.find("cannot write identity file ''"), std::string::npos) << why;
}

TEST(PrivateFile, AnothersFileIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const TemporaryFolder folder;
  write_private_file(folder / "key", kContent, false);
  ASSERT_EQ(chown((folder / "key").c_str(), 65534, static_cast<gid_t>(-1)), 0);
  const std::string why = message_of<WrongPermissions>([&] { read_private_file(folder / "key", 3); });
  EXPECT_NE(why.find("belongs to user 65534, expected user 0"), std::string::npos) << why;
}

TEST(PrivateFile, OverwritingAFileThatOthersCanReadMakesItPrivate) {
  const TemporaryFolder folder;
  std::ofstream(folder / "key") << "old";
  ASSERT_EQ(chmod((folder / "key").c_str(), 0644), 0);
  write_private_file(folder / "key", kContent, true);
  EXPECT_EQ(mode_of(folder / "key"), 0600U);
}

TEST(PrivateFile, ASymbolicLinkIsNotFollowed) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder / "elsewhere", folder / "key");
  EXPECT_THROW(write_private_file(folder / "key", kContent, false), IdentityError);
  write_private_file(folder / "key", kContent, true);
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
  EXPECT_FALSE(std::filesystem::is_symlink(folder / "key"));
}

TEST(PrivateFile, WhatCannotBeWrittenLeavesNothing) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  EXPECT_THROW(write_private_file(folder / "sub", kContent, true), IdentityError);
  EXPECT_EQ(folder.files(), 1U);
  const std::string why =
      message_of<IdentityError>([&] { write_private_file(folder / "none/key", kContent, false); });
  EXPECT_NE(why.find("/none' does not exist"), std::string::npos) << why;
}

TEST(PrivateFile, ThatOthersMayReadIsRefusedWithModeAndRemedy) {
  const TemporaryFolder folder;
  write_private_file(folder / "key", kContent, false);
  for (const mode_t mode : {0604U, 0640U, 0602U, 0620U, 0601U, 0610U, 0777U}) {
    ASSERT_EQ(chmod((folder / "key").c_str(), mode), 0);
    const std::string why = message_of<WrongPermissions>([&] { read_private_file(folder / "key", 3); });
    EXPECT_NE(why.find("chmod 600 " + (folder / "key").string()), std::string::npos) << why;
    EXPECT_NE(why.find("has mode 0" + std::to_string(mode / 64) + std::to_string(mode / 8 % 8) +
                       std::to_string(mode % 8)),
              std::string::npos)
        << why;
  }
  for (const mode_t mode : {0400U, 0600U, 0700U}) {
    ASSERT_EQ(chmod((folder / "key").c_str(), mode), 0);
    EXPECT_EQ(read_private_file(folder / "key", 3), kContent);
  }
}

TEST(PrivateFile, MissingTooBigOrNoFileAtAllIsToldApart) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_private_file(folder / "key", 3), MissingIdentity);
  write_private_file(folder / "key", Bytes(4, 7), false);
  const std::string why = message_of<DamagedIdentity>([&] { read_private_file(folder / "key", 3); });
  EXPECT_NE(why.find("more than 3 bytes"), std::string::npos) << why;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_NE(message_of<IdentityError>([&] { read_private_file(folder / "pipe", 3); }).find("not a regular"),
            std::string::npos);
  EXPECT_NE(message_of<IdentityError>([&] { read_private_file(folder.path(), 3); }).find("not a regular"),
            std::string::npos);
}

}  // namespace
}  // namespace idn::identity
