#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "programs/idn_run/options.h"

namespace idn_run {
namespace {

using Words = std::vector<std::string>;

std::string refusal(Words words) {
  try {
    (void)read_options(words);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

// With the two files that are always needed.
std::string refusal_of(const Words& words) {
  Words all{"model", "images.npy"};
  all.insert(all.end(), words.begin(), words.end());
  return refusal(all);
}

TEST(IdnRunOptions, AreReadInEitherForm) {
  const Options options = read_options({"--batch=8", "model", "--threads", "2", "images.h5", "--dataset",
                                        "test/images", "--json", "--out", "a.csv", "--logits=l.npy",
                                        "--policy", "p.json", "--samples", "3:10", "--device=cuda:1"});
  EXPECT_EQ(options.package, "model");
  EXPECT_EQ(options.input, "images.h5");
  EXPECT_EQ(options.dataset, "test/images");
  EXPECT_EQ(options.batch, 8);
  EXPECT_EQ(options.threads, 2);
  EXPECT_EQ(options.out, "a.csv");
  EXPECT_EQ(options.logits, "l.npy");
  EXPECT_EQ(options.policy, "p.json");
  EXPECT_EQ(options.samples, (SampleRange{3, 10}));
  EXPECT_EQ(options.device, "cuda:1");
  EXPECT_TRUE(options.json);
}

TEST(IdnRunOptions, HaveFallbacks) {
  const Options options = read_options({"model", "images.npy"});
  EXPECT_EQ(options.batch, std::nullopt);
  EXPECT_EQ(options.threads, 1);
  EXPECT_EQ(options.device, "cpu");
  EXPECT_EQ(options.samples, SampleRange());
  EXPECT_EQ(options.policy, std::nullopt);
  EXPECT_FALSE(options.json);
}

TEST(IdnRunOptions, NameTheFileOfEachInput) {
  const Options options = read_options({"model", "--input", "a=x.npy", "--input=b=y=z.npy"});
  EXPECT_EQ(options.inputs, (std::map<std::string, std::string>{{"a", "x.npy"}, {"b", "y=z.npy"}}));
  EXPECT_EQ(refusal({"model", "--input", "a"}), "--input is 'a', expected NAME=FILE.");
  EXPECT_EQ(refusal({"model", "--input", "=a"}), "--input is '=a', expected NAME=FILE.");
  EXPECT_EQ(refusal({"model", "--input", "a="}), "--input is 'a=', expected NAME=FILE.");
  EXPECT_EQ(refusal({"model", "--input", "a=b", "--input", "a=c"}), "--input names 'a' twice.");
  EXPECT_EQ(refusal({"model", "x.npy", "--input", "a=b"}),
            "INPUT and --input are both given; with --input it names every input.");
}

TEST(IdnRunOptions, TakeAFileThatLooksLikeAnOptionBehindTwoHyphens) {
  const Options options = read_options({"--json", "--", "--json", "-"});
  EXPECT_EQ(options.package, "--json");
  EXPECT_EQ(options.input, "-");
}

TEST(IdnRunOptions, CountSamplesFromEitherEnd) {
  EXPECT_EQ(read_options({"m", "i", "--samples", ":5"}).samples, (SampleRange{0, 5}));
  EXPECT_EQ(read_options({"m", "i", "--samples", "5:"}).samples, (SampleRange{5, std::nullopt}));
  EXPECT_EQ(read_options({"m", "i", "--samples", "5:5"}).samples, (SampleRange{5, 5}));
  EXPECT_EQ(refusal_of({"--samples", "5"}),
            "--samples is '5', expected FROM:TO, such as 0:100 for the first hundred.");
  EXPECT_EQ(refusal_of({"--samples", "-1:5"}),
            "FROM of --samples is '-1', expected a whole number from 0 to 9007199254740992.");
  EXPECT_EQ(refusal_of({"--samples", "5:4"}),
            "TO of --samples is '4', expected a whole number from 5 to 9007199254740992.");
}

TEST(IdnRunOptions, AreRefusedByName) {
  EXPECT_EQ(refusal({}), "PACKAGE and INPUT are missing.");
  EXPECT_EQ(refusal({"model"}), "INPUT is missing: a .npy or HDF5 file, or --input NAME=FILE.");
  EXPECT_EQ(refusal_of({"more"}), "'more' is one file too many, expected PACKAGE and INPUT.");
  EXPECT_EQ(refusal_of({"--bacth", "3"}), "there is no option '--bacth'.");
  EXPECT_EQ(refusal_of({"-j"}), "there is no option '-j'.");
  EXPECT_EQ(refusal_of({"--json=yes"}), "--json takes no value.");
  EXPECT_EQ(refusal_of({"--policy"}), "--policy lacks its value.");
  for (const char* number : {"0", "-1", "1.5", "", "8x", "99999999999999999999", "1048577"}) {
    EXPECT_EQ(refusal_of({"--batch", number}),
              "--batch is '" + std::string(number) + "', expected a whole number from 1 to 1048576.");
  }
  EXPECT_EQ(refusal_of({"--threads", "4097"}),
            "--threads is '4097', expected a whole number from 1 to 4096.");
  EXPECT_EQ(refusal_of({"--out", "labels.txt"}),
            "--out is 'labels.txt', expected a name that ends in .npy (labels), .json, .jsonl or .csv.");
  EXPECT_EQ(refusal_of({"--logits", "l.csv"}), "--logits is 'l.csv', expected a name that ends in .npy.");
}

TEST(IdnRunOptions, AskForNothingElseWhereHelpIsAskedFor) {
  EXPECT_TRUE(read_options({"--help"}).help);
  EXPECT_TRUE(read_options({"-h", "x"}).help);
  EXPECT_TRUE(read_options({"--version"}).version);
  for (const char* option : {"--input", "--dataset", "--policy", "--samples", "--batch", "--threads",
                             "--device", "--out", "--logits", "--json", "--help", "--version"})
    EXPECT_NE(help_text().find(option), std::string_view::npos) << option;
}

}  // namespace
}  // namespace idn_run
