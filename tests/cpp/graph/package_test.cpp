#include "idn/graph/package.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include "idn/core/error.h"

namespace idn::graph {
namespace {

const Dimension kB = Dimension::batch();

TensorType floats(Shape shape) { return {DType::kFloat32, std::move(shape)}; }

Model model() {
  GraphBuilder builder;
  EXPECT_TRUE(builder.add_input("x", floats({kB, 1, 4, 4})));
  EXPECT_TRUE(builder.add_constant("mask", {DType::kBool, {3}}));
  EXPECT_TRUE(builder.add_constant("weight", floats({3, 16})));
  EXPECT_EQ(builder.add_node("reshape", 1, {0}, {{"shape", Shape{kB, 16}}}).value(), 3U);
  EXPECT_EQ(builder.add_node("linear", 1, {3, 2}, {}, "device").value(), 4U);
  EXPECT_EQ(builder.add_node("leaky_relu", 1, {4}, {{"slope", 0.25}}).value(), 5U);
  EXPECT_EQ(builder.add_node("select", 1, {1, 4, 5}, {}).value(), 6U);
  EXPECT_FALSE(builder.add_exit("early", 4));
  EXPECT_FALSE(builder.add_exit("final", 6));
  Model made;
  made.graph = std::move(builder).finish().or_throw("graph");
  made.ranges = {Range{-1.5, 1.0}};
  made.classes = {"cat", "dog", "é"};
  made.licence = "Apache-2.0";
  made.provenance = {{"exported_by", "a test"}};
  return made;
}

Bytes package(const Model& made) {
  static const Bytes weight(3 * 16 * 4, 7);
  static const Bytes mask{1, 0, 1};
  return to_package(
      made, [](const Constant& constant) { return ByteView(constant.name == "mask" ? mask : weight); });
}

Bytes package() { return package(model()); }

Problem refused(Bytes bytes, const Limits& limits = {}) {
  auto read = Package::from_bytes(std::move(bytes), limits);
  EXPECT_FALSE(read);
  return read ? Problem{} : read.problem();
}

// The package with a part of its header replaced by a text of the same length.
Bytes changed(std::string_view from, std::string_view to) {
  Bytes bytes = package();
  const std::size_t at = text_of(bytes).find(from);
  EXPECT_NE(at, std::string_view::npos) << from;
  EXPECT_EQ(from.size(), to.size());
  std::copy(to.begin(), to.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

TEST(Package, ComesBackAsItWasWritten) {
  const Bytes bytes = package();
  const Package read = Package::from_bytes(bytes).or_throw("package");
  EXPECT_EQ(to_json(read.model()), to_json(model()));
  EXPECT_EQ(read.graph().nodes().size(), 4U);
  EXPECT_EQ(read.graph().nodes()[1].tier, "device");
  EXPECT_EQ(read.model().ranges[0], (Range{-1.5, 1.0}));
  EXPECT_EQ(read.model().classes[2], "é");
  EXPECT_EQ(read.tensor(read.graph().constants()[0])[1], 0);
  EXPECT_EQ(read.tensor(read.graph().constants()[1]).size(), 3U * 16 * 4);
  EXPECT_EQ(package(read.model()), bytes);
}

TEST(Package, LaysTensorsWhereTheirElementsAreAligned) {
  const Package read = Package::from_bytes(package()).or_throw("package");
  for (const Constant& constant : read.graph().constants()) {
    const auto offset = static_cast<std::size_t>(read.tensor(constant).data() - read.bytes().data());
    EXPECT_EQ(offset % size_of(constant.type.dtype), 0U) << constant.name;
  }
}

TEST(Package, IsMappedFromAFile) {
  const std::string path = ::testing::TempDir() + "/idn_package_test.safetensors";
  const Bytes bytes = package();
  std::ofstream(path, std::ios::binary)
      .write(text_of(bytes).data(), static_cast<std::streamsize>(bytes.size()));
  const Package read = Package::open(path).or_throw("package");
  EXPECT_TRUE(std::ranges::equal(read.bytes(), bytes));
  std::ofstream(path, std::ios::binary);
  EXPECT_EQ(Package::open(path).problem(), (Problem{0, "the file is cut off in the length of its header"}));
  std::remove(path.c_str());
  EXPECT_THROW(static_cast<void>(Package::open(path)), StoreError);
  EXPECT_THROW(static_cast<void>(Package::open(::testing::TempDir())), StoreError);
}

TEST(Package, RefusesEveryPlaceWhereItIsCutOff) {
  const Bytes bytes = package();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Package::from_bytes(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))))
        << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_NE(refused(longer).reason.find("follow the header"), std::string::npos);
}

TEST(Package, RefusesAHeaderThatIsChangedAnywhereOrIsAnotherPackage) {
  const Bytes bytes = package();
  const std::size_t length = bytes[0] + 256U * bytes[1];
  for (std::size_t at = 8; at < 8 + length; ++at) {
    Bytes other = bytes;
    other[at] ^= 1;
    const auto read = Package::from_bytes(other);
    if (read) {
      EXPECT_EQ(to_package(read->model(), [&](const Constant& one) { return read->tensor(one); }), other)
          << at;
    }
  }
}

TEST(Package, RefusesWithTheReason) {
  EXPECT_NE(refused(changed("\\\"format\\\":1", "\\\"format\\\":2")).reason.find("newer than the 1"),
            std::string::npos);
  EXPECT_NE(refused(changed("\\\"linear\\\"", "\\\"linexr\\\""))
                .reason.find("'linexr' of version 1, which is not known here"),
            std::string::npos);
  EXPECT_NE(refused(changed("\"F32\"", "\"F64\"")).reason.find("not spoken here"), std::string::npos);
  EXPECT_NE(refused(changed("\\\"slope\\\":0.25", "\\\"slope\\\":1e99")).reason.find("canonical"),
            std::string::npos);
  EXPECT_NE(refused(changed("[3,16]", "[4,16]"))
                .reason.find("tensor 'weight' lies from 0 to 192, expected from 0 to 256"),
            std::string::npos);
  EXPECT_NE(refused(changed("idn.graph", "idn.grapx")).reason.find("no package of idn"), std::string::npos);
  EXPECT_NE(refused(Bytes(100, '{')).reason.find("above the limit"), std::string::npos);
}

TEST(Package, KeepsTheLimits) {
  EXPECT_NE(refused(package(), {.file_bytes = 100}).reason.find("above the limit of 100 bytes"),
            std::string::npos);
  EXPECT_NE(refused(package(), {.header_bytes = 100}).reason.find("header is above"), std::string::npos);
  EXPECT_NE(refused(package(), {.batch = 2, .operations = 10})
                .reason.find("operations at a batch of 2, above the limit of 10"),
            std::string::npos);
  EXPECT_NE(refused(package(), {.peak_bytes = 10}).reason.find("bytes at once"), std::string::npos);
}

TEST(Package, RefusesDeepAndHugeJsonWithoutHarm) {
  std::string deep(1 << 20, '[');
  Bytes bytes{0, 0, 16, 0, 0, 0, 0, 0};
  bytes.insert(bytes.end(), deep.begin(), deep.end());
  EXPECT_NE(refused(bytes).reason.find("no JSON"), std::string::npos);
  deep.append(1 << 20, ']');
  bytes[2] = 32;
  bytes.resize(8);
  bytes.insert(bytes.end(), deep.begin(), deep.end());
  EXPECT_NE(refused(bytes).reason.find("no object"), std::string::npos);
}

TEST(Package, RefusesWithAPlaceInTheFileAndAReasonFitForALog) {
  Bytes empty(8, 0);
  EXPECT_LE(refused(empty).position, empty.size());
  const std::string name(1000, '\x7f');
  std::string file{'\xee', '\x03', 0, 0, 0, 0, 0, 0};  // 1006 bytes of header
  file.append("{\"").append(name).append("\":1}");
  const Bytes bytes(file.begin(), file.end());
  const std::string reason = refused(bytes).reason;
  EXPECT_LE(reason.size(), 400U);
  EXPECT_EQ(reason.find('\x7f'), std::string::npos);
  EXPECT_LE(model_from_json("", {}).problem().position, 0U);
}

TEST(Package, IsNotWrittenWithTensorsOfTheWrongSize) {
  EXPECT_THROW(to_package(model(), [](const Constant&) { return ByteView(); }), std::invalid_argument);
}

}  // namespace
}  // namespace idn::graph
