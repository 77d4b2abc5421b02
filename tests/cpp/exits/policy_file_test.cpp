#include "idn/exits/policy_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "idn/store/npy.h"

namespace idn::exits {
namespace {

// Written by Python: tests/python/policy_vectors.py.
std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(IDN_TEST_DATA) / "policies" / name;
}

std::string text_of_file(const std::string& name) {
  std::ifstream file(data(name + ".json"));
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

PolicyFile read(const std::string& name) { return read_policy_file(text_of_file(name)).or_throw(name); }

template <class T>
std::vector<T> items(const std::string& name) {
  const auto array = store::read_npy(data(name + ".npy")).or_throw(name);
  std::vector<T> found(array.data.size() / sizeof(T));
  std::memcpy(found.data(), array.data.data(), array.data.size());
  return found;
}

constexpr const char* kNames[] = {"confidence", "entropy", "entropy_nats", "margin",
                                  "patience",   "vote",    "learned",      "risk"};

TEST(PolicyFile, OfPythonIsRead) {
  const PolicyFile file = read("confidence");
  EXPECT_EQ(file.policy.criterion, Criterion::kConfidence);
  EXPECT_EQ(file.policy.thresholds, (std::vector<std::optional<double>>{0.5, std::nullopt, 0.75}));
  EXPECT_EQ(file.policy.temperatures, (std::vector{1.5, 1.0, 0.7, 2.0}));
  EXPECT_EQ(file.policy.exits(), 4U);
  EXPECT_EQ(file.classes, 5);
  EXPECT_EQ(file.weights_sha256.substr(0, 16), "0123456789abcdef");
  EXPECT_EQ(file.asked, "max_drop");
  EXPECT_EQ(file.cost_unit, "MACs");
  EXPECT_EQ(file.costs, (std::vector{10.0, 20.0, 40.0, 80.5}));
  EXPECT_EQ(file.validation.samples, 300);
  EXPECT_EQ(file.validation.exit_rates.size(), 4U);
  EXPECT_EQ(read("entropy").policy.criterion, Criterion::kNormalizedEntropy);
  EXPECT_EQ(read("entropy").policy.temperature(2), 1.25);
  EXPECT_EQ(read("entropy_nats").policy.criterion, Criterion::kEntropyNats);
  EXPECT_EQ(read("patience").policy.criterion, Criterion::kPatience);
  EXPECT_EQ(read("vote").policy.criterion, Criterion::kVote);
  EXPECT_EQ(read("learned").policy.learned.size(), 4U);
  EXPECT_EQ(read("risk").asked, "risk");
}

TEST(PolicyFile, DecidesAsThePythonThatWroteIt) {
  const auto logits = items<float>("logits");
  constexpr std::size_t kSamples = 300;
  constexpr std::size_t kExits = 4;
  constexpr std::size_t kClasses = 5;
  ASSERT_EQ(logits.size(), kSamples * kExits * kClasses);
  for (const char* name : kNames) {
    const PolicyFile file = read(name);
    const auto expected = items<std::int64_t>(name);  // labels, then exits
    Departures departures(file.policy, kSamples);
    std::vector<std::size_t> left(kExits);
    for (std::size_t exit = 0; exit < kExits; ++exit) {
      std::vector<float> its;
      for (std::size_t sample = 0; sample < kSamples; ++sample) {
        const auto row = logits.begin() + static_cast<std::ptrdiff_t>((sample * kExits + exit) * kClasses);
        its.insert(its.end(), row, row + kClasses);
      }
      for (const std::uint8_t leaves : departures.leaves(its, kClasses)) left[exit] += leaves;
    }
    for (std::size_t sample = 0; sample < kSamples; ++sample) {
      ASSERT_EQ(departures.labels()[sample], expected[sample]) << name << ", sample " << sample;
      ASSERT_EQ(departures.exits()[sample], expected[kSamples + sample]) << name << ", sample " << sample;
    }
    for (std::size_t exit = 0; exit < kExits; ++exit) {
      EXPECT_NEAR(100.0 * static_cast<double>(left[exit]) / kSamples, file.validation.exit_rates[exit], 1e-12)
          << name;
    }
  }
}

std::string refused(const std::string& text) {
  const auto read = read_policy_file(text);
  return read ? "" : to_string(read.problem());
}

// A file with one part of its text replaced.
std::string refused(const std::string& name, const std::string& from, const std::string& to) {
  std::string text = text_of_file(name);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return refused(text.replace(at, from.size(), to));
}

TEST(PolicyFile, IsRefusedWhereItsTextIsWrong) {
  EXPECT_EQ(refused(""), "at byte 0: it is no JSON");
  EXPECT_EQ(refused("{\"idn\": NaN}"), "at byte 8: it is no JSON");
  EXPECT_EQ(refused("[]"), "at byte 0: the whole: expected an object");
  EXPECT_EQ(refused("\xEF\xBB\xBF{}"), "at byte 0: it begins with a byte order mark, which JSON has not");
  EXPECT_EQ(refused(std::string(kMostPolicyBytes + 1, ' ')),
            "at byte 1048576: it is larger than 1048576 bytes; a policy file is not");
  EXPECT_NE(refused(std::string(500'000, '[')), "") << "the depth of a text costs no stack";
  EXPECT_NE(refused(std::string(500'000, '[') + std::string(500'000, ']')), "");
  EXPECT_EQ(refused("entropy", "\"exits\": 4", "\"exits\": 4, \"exits\": 4"),
            "at byte 0: exits: is there twice");
  EXPECT_EQ(refused("entropy", "\"normalized\"", "\"name\": \"entropy\", \"normalized\""),
            "at byte 0: name: is there twice");
  EXPECT_EQ(refused("entropy", "80.5", "1e999"), "at byte 0: it holds a number out of range");
}

TEST(PolicyFile, IsRefusedWhereItSaysWhatCannotBe) {
  EXPECT_EQ(refused("entropy", "\"exits\"", "\"exit\""), "at byte 0: exit: is not a key of a policy file");
  EXPECT_EQ(refused("entropy", "\"classes\": 5,", ""), "at byte 0: classes: is missing");
  EXPECT_EQ(refused("entropy", "\"idn_policy\": 1", "\"idn_policy\": 2"),
            "at byte 0: idn_policy: version 2 of the format is not known, only 1; a newer idn reads it");
  EXPECT_EQ(refused("entropy", "\"exits\": 4", "\"exits\": 4.0"),
            "at byte 0: exits: 4.0, expected a whole number from 1 to 10000");
  EXPECT_EQ(refused("entropy", "\"exits\": 4", "\"exits\": 3"),
            "at byte 0: thresholds: has 3 entries, expected 2 for the exits");
  EXPECT_EQ(refused("entropy", "\"classes\": 5", "\"classes\": 1"),
            "at byte 0: classes: 1, expected a whole number from 2 to 2147483648");
  EXPECT_EQ(refused("entropy", "\"temperature\": 1.25", "\"temperature\": true"),
            "at byte 0: criterion.temperature: expected a number");
  EXPECT_EQ(
      refused("entropy", "\"temperature\": 1.25", "\"temperature\": 0"),
      "at byte 0: criterion: temperature is 0, expected a positive finite number (1 leaves logits as they "
      "are).");
  EXPECT_EQ(refused("entropy", "\"temperature\": 1.25", "\"temperature\": [1, 1]"),
            "at byte 0: criterion.temperature: has 2 entries, expected 3 to 4 for the exits");
  EXPECT_EQ(
      refused("entropy", "\"name\": \"entropy\"", "\"name\": \"entropie\""),
      "at byte 0: criterion.name: 'entropie' is not one of confidence, margin, entropy, patience, vote, "
      "learned");
  EXPECT_EQ(refused("entropy", "\"name\": \"entropy\"", "\"name\": \"margin\""),
            "at byte 0: criterion.normalized: is not a key of a policy file");
  EXPECT_EQ(refused("entropy", "0.4", "1.4").substr(0, 70),
            "at byte 0: criterion: threshold 1.3999999999999999 is out of range for");
  EXPECT_EQ(refused("entropy", "0123456789abcdef", "0123456789ABCDEF"),
            "at byte 0: weights_sha256: expected 64 hexadecimal digits in lower case");
  EXPECT_EQ(refused("entropy", "\"points\": 1.0", "\"points\": 101"),
            "at byte 0: asked.points: 101, expected a number of at least 0.0 and at most 100.0");
  EXPECT_EQ(refused("entropy", "\"cost_unit\": \"MACs\"", "\"cost_unit\": \"\""),
            "at byte 0: cost_unit: has 0 characters, expected from 1 to 100");
  EXPECT_EQ(refused("entropy", "80.5", "null"), "at byte 0: costs.3: expected a number");
  EXPECT_EQ(refused("risk", "\"epsilon\": 0.01", "\"epsilon\": 1"),
            "at byte 0: asked.epsilon: 1, expected a number between 0 and 1");
  EXPECT_EQ(refused("risk", "\"for\": \"risk\"", "\"for\": \"budget\""),
            "at byte 0: asked.bound: is not a key of a policy file");
  EXPECT_EQ(refused("entropy", "\"cost_unit\"",
                    "\"risk\": {\"samples\": 1, \"measured_loss\": 0, \"mean_cost\": 0, \"tested\": 0, "
                    "\"passed\": 0}, \"cost_unit\""),
            "at byte 0: risk: is of a promise only, but asked is for max_drop");
  EXPECT_EQ(refused("entropy", "\"cost_unit\"", "\"risk\": null, \"cost_unit\""), "") << "as Python has it";
  EXPECT_EQ(refused("learned", "\"means\"", "\"mean\""),
            "at byte 0: criterion.parameters.mean: is not a key of a policy file");
}

TEST(PolicyFile, MayHoldHowSureTheSamplesAre) {
  EXPECT_EQ(refused("entropy", "\"counts\": [", "\"counts\": [1,"),
            "at byte 0: validation.confidences.0: expected up to 9 edges, and one count more than edges");
  EXPECT_NE(refused("entropy", "\"median\": 0.", "\"median\": 2.").find("at most 1.0"), std::string::npos);
  EXPECT_EQ(refused("entropy", "\"median\"", "\"middle\""),
            "at byte 0: validation.confidences.0.middle: is not a key of a policy file");
  EXPECT_EQ(refused("entropy", "\"confidences\": [", "\"confidences\": [{\"edges\": [], \"counts\": [0]},"),
            "at byte 0: validation.confidences: has 5 entries, expected 4 for the exits");
  EXPECT_EQ(refused("entropy", "\"confidences\": [",
                    "\"confidences\": [{\"edges\": [0.5, 0.5], \"counts\": [0, 1, 0]},"),
            "at byte 0: validation.confidences.0.edges: expected numbers that ascend");
}

TEST(PolicyFile, OfEarlierVersionsDoesNotSayHowSureTheSamplesAre) {
  std::string text = text_of_file("entropy");
  const std::size_t begin = text.find(",\n    \"confidences\": [");
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = text.find("\n    ]", begin);
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(refused(text.erase(begin, end + 6 - begin)), "");
}

TEST(PolicyFile, IsOfOneNetworkAlone) {
  const PolicyFile file = read("margin");
  EXPECT_EQ(file.misfit(file.weights_sha256, 4, 5), "");
  EXPECT_EQ(file.misfit(file.weights_sha256, 3, 5),
            "this policy is of another network: it is for 4 exits, the network has 3. Its thresholds mean "
            "nothing there; make one for that network.");
  EXPECT_NE(file.misfit(file.weights_sha256, 4, 6).find("5 classes, the network has 6"), std::string::npos);
  EXPECT_NE(file.misfit("00", 4, 5).find("the network's is 00"), std::string::npos);
}

}  // namespace
}  // namespace idn::exits
