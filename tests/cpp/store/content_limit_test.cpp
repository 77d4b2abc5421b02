#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <random>
#include <thread>

#include "content_blocks.h"
#include "idn/store/content_folder.h"
#include "idn/store/content_protection.h"
#include "temporary_folder.h"

namespace idn::store {
namespace {

using identity::Cid;
using identity::Codec;

TEST(ContentLimit, TheBlockNotUsedForTheLongestTimeMakesRoom) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 350});
  const Cid first = store.put(block(1));
  const Cid second = store.put(block(2));
  const Cid third = store.put(block(3));
  store.get(first);
  const Cid fourth = store.put(block(4));
  EXPECT_FALSE(store.has(second));
  store.put(block(3));  // used again
  const Cid fifth = store.put(block(5));
  EXPECT_FALSE(store.has(first));
  EXPECT_TRUE(store.has(third) && store.has(fourth) && store.has(fifth));
  EXPECT_EQ(store.bytes(), 300U);
}

/// The same order as a plain list gives, whatever is put, got, pinned and removed.
TEST(ContentLimit, EvictsAsAPlainListWould) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  std::vector<int> oldest_first;
  std::vector<int> pinned;
  std::mt19937 random(7);
  const auto has = [](const std::vector<int>& all, int one) {
    return std::ranges::find(all, one) != all.end();
  };
  for (int step = 0; step < 300; ++step) {
    const int number = static_cast<int>(random() % 30);
    const Cid cid = Cid::of(block(number));
    switch (random() % 5) {
      case 0:
        if (store.get(cid)) {
          std::erase(oldest_first, number);
          oldest_first.push_back(number);
        }
        break;
      case 1:
        if (pinned.size() < 6 && store.has(cid) && !has(pinned, number)) {
          store.pin(cid);
          pinned.push_back(number);
        }
        break;
      case 2:
        if (!pinned.empty()) {
          store.unpin(Cid::of(block(pinned.front())));
          pinned.erase(pinned.begin());
        }
        break;
      default:
        store.put(block(number));
        if (!has(oldest_first, number) && oldest_first.size() == 10) {
          oldest_first.erase(std::ranges::find_if(oldest_first, [&](int one) { return !has(pinned, one); }));
        }
        std::erase(oldest_first, number);
        oldest_first.push_back(number);
    }
    std::vector<std::string> expected;
    for (const int one : oldest_first) expected.push_back(Cid::of(block(one)).text());
    std::ranges::sort(expected);
    std::vector<std::string> found;
    for (const Cid& one : store.list()) found.push_back(one.text());
    ASSERT_EQ(found, expected) << "step " << step;
    ASSERT_EQ(store.bytes(), 100 * oldest_first.size());
  }
}

TEST(ContentLimit, WhereAllIsPinnedTheErrorSaysHowMuchIsFree) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 350});
  const Cid free = store.put(Bytes(40));
  for (int number = 0; number < 3; ++number) store.put(block(number), Codec::kRaw, true);
  EXPECT_EQ(store.bytes(), 340U);
  const std::string message = store_error([&] { store.put(block(9)); });
  EXPECT_NE(message.find("300 of them are pinned"), std::string::npos) << message;
  EXPECT_NE(message.find("leaves 50 free"), std::string::npos) << message;
  EXPECT_TRUE(store.has(free)) << "nothing goes for a block that does not fit anyway";
  store.put(Bytes(50));
  EXPECT_FALSE(store.has(free));
  EXPECT_TRUE(store.unpin(Cid::of(block(0))));
  store.put(block(9));
  EXPECT_FALSE(store.has(Cid::of(block(0))));
}

TEST(ContentLimit, APinKeepsAllThatIsBelowIt) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Cid leaf = store.put(block(1));
  const Cid inner = put_node(store, {leaf});
  const Cid root = put_node(store, {inner, inner, leaf});
  store.pin(root);
  for (int number = 10; number < 40; ++number) store.put(block(number));
  EXPECT_TRUE(store.has(leaf) && store.has(inner) && store.has(root));
  EXPECT_LE(store.bytes(), 1000U);
  EXPECT_NE(store_error([&] { store.remove(leaf); }).find("part of something pinned"), std::string::npos);
  EXPECT_NE(store_error([&] { store.remove(root); }).find("it is pinned"), std::string::npos);
  store.unpin(root);
  EXPECT_TRUE(store.remove(root, true));
  EXPECT_FALSE(store.has(leaf) || store.has(inner) || store.has(root));
}

TEST(ContentLimit, RemovingATreeSparesWhatIsPinned) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  const Cid shared = store.put(block(1), Codec::kRaw, true);
  const Cid own = store.put(block(2));
  const Cid root = put_node(store, {shared, own});
  EXPECT_TRUE(store.remove(root, true));
  EXPECT_EQ(store.list(), std::vector{shared});
  EXPECT_EQ(store.bytes(), 100U);
}

TEST(ContentLimit, APinOfWhatIsNotAllHereIsRefusedUnlessAllowed) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 1000});
  const Bytes leaf = block(1);
  const Cid root = put_node(store, {Cid::of(leaf), Cid::of(block(2))});
  EXPECT_NE(store_error([&] { store.pin(root); }).find("2 of the blocks"), std::string::npos);
  EXPECT_TRUE(store.pins().empty());
  EXPECT_NE(store_error([&] { store.pin(Cid::of(block(3))); }).find("1 of the blocks"), std::string::npos);
}

TEST(ContentLimit, AnIncompletePinKeepsWhatComes) {
  const TemporaryFolder folder;
  ContentStore elsewhere(folder / "elsewhere");
  const Cid leaf = elsewhere.put(block(1));
  const Cid inner = put_node(elsewhere, {leaf});
  const Cid root = put_node(elsewhere, {inner});
  ContentStore store(folder / "store", {.max_bytes = 500});
  store.pin(root, true);
  int number = 100;
  for (const Cid& cid : {root, inner, leaf}) {
    ASSERT_TRUE(store.put_block(cid, *elsewhere.get(cid)).ok());
    for (int end = number + 10; number < end; ++number) store.put(block(number));
  }
  EXPECT_TRUE(store.has(root) && store.has(inner) && store.has(leaf));
  EXPECT_TRUE(store.verify().missing.empty());
}

TEST(ContentLimit, AHostileTreeIsWalkedOnce) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store");
  Cid node = store.put(block(1));
  for (int level = 0; level < 60; ++level) node = put_node(store, {node, node});  // 2^60 ways down
  store.pin(node);
  const Cid deep = Cid::of(identity::dag_pb::encode({{{node, "", 1}}, std::nullopt}), Codec::kDagPb,
                           identity::HashFunction::kIdentity);
  store.pin(put_node(store, {deep}));
  EXPECT_EQ(store.pins().size(), 2U);
  EXPECT_TRUE(store.verify().missing.empty());
}

TEST(ContentLimit, AnotherOpeningsPinsAndUsesCount) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 300});
  ContentStore other(folder / "store", {.max_bytes = 300});
  const Cid first = store.put(block(1));
  const Cid second = other.put(block(2));
  const Cid third = store.put(block(3));
  store.put(block(4));  // has the order of all three
  EXPECT_FALSE(store.has(first));
  other.pin(second);
  other.get(third);
  store.put(block(5));
  EXPECT_TRUE(store.has(second) && store.has(third));
  EXPECT_FALSE(store.has(Cid::of(block(4))));
}

TEST(ContentLimit, ALeaseKeepsBlocksWhileItsWriterLives) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 300});
  const content::ContentFolder writer(folder / "store", true);
  auto lease = std::make_unique<content::Lease>(writer);
  for (int number = 0; number < 2; ++number) {
    lease->add(Cid::of(block(number)).text());
    store.put(block(number));
  }
  for (int number = 10; number < 20; ++number) store.put(block(number));
  EXPECT_TRUE(store.has(Cid::of(block(0))) && store.has(Cid::of(block(1))));
  EXPECT_NE(store_error([&] { store.remove(Cid::of(block(0))); }).find("being put"), std::string::npos);
  lease.reset();
  for (int number = 20; number < 23; ++number) store.put(block(number));
  EXPECT_FALSE(store.has(Cid::of(block(0))) || store.has(Cid::of(block(1))));
}

TEST(ContentLimit, ALeaseThatCannotBeOpenedIsNotTakenForADeadOne) {
  const TemporaryFolder folder;
  const content::ContentFolder writer(folder / "store", true);
  const auto file = writer.prepare(bytes_of("being written"));
  const std::string name = std::filesystem::directory_iterator(writer.temporary_path())->path().filename();
  const auto open = [&](const std::string& one) {
    return static_cast<bool>(content::open_live(writer.temporary(), one, writer.temporary_path()));
  };
  EXPECT_TRUE(open(name));
  EXPECT_FALSE(open("idn-0123456789abcdef.lease"));
  std::filesystem::create_symlink(name, writer.temporary_path() / "link");
  EXPECT_FALSE(open("link"));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  std::exception_ptr thrown;
  try {
    open(name);
  } catch (...) {
    thrown = std::current_exception();
  }
  setrlimit(RLIMIT_NOFILE, &limit);  // before it is looked at: a sanitizer takes descriptors for that
  ASSERT_TRUE(thrown);
  const std::string message = store_error([&] { std::rethrow_exception(thrown); });
  EXPECT_NE(message.find(name), std::string::npos) << message;
}

TEST(ContentLimit, ThreadsShareAStore) {
  const TemporaryFolder folder;
  ContentStore store(folder / "store", {.max_bytes = 2000});
  const Cid kept = store.put(block(-1), Codec::kRaw, true);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const Cid cid = store.put(block(i * 7 + thread % 2));
        const auto found = store.get(cid);
        if (found && *found != block(i * 7 + thread % 2)) ADD_FAILURE() << "other bytes";
        EXPECT_EQ(store.pins().size(), 1U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(store.has(kept));
  EXPECT_LE(store.bytes(), 2000U);
  const std::uint64_t bytes = store.bytes();
  EXPECT_EQ(store.verify().bytes, bytes);
  EXPECT_EQ(store.bytes(), bytes);
}

}  // namespace
}  // namespace idn::store
