#include "programs/idn_run/array_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "idn/core/bytes.h"
#include "idn/core/printable.h"
#include "idn/core/result.h"
#include "idn/store/hdf5.h"
#include "idn/store/npy.h"
#include "programs/idn_run/data_error.h"

namespace idn_run {

class ArrayFile::Array {
 public:
  Array(std::string_view type, std::vector<std::int64_t> shape) : type_(type), shape_(std::move(shape)) {}
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  virtual ~Array() = default;
  virtual void read(std::uint64_t byte, std::span<std::uint8_t> part) = 0;
  [[nodiscard]] virtual bool has_names() const = 0;

  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] const std::vector<std::int64_t>& shape() const { return shape_; }

 private:
  std::string_view type_;
  std::vector<std::int64_t> shape_;
};

namespace {

class NpyArray : public ArrayFile::Array {
 public:
  NpyArray(const std::string& path, idn::store::NpyReader reader)
      : Array(to_string(reader.info().type), reader.info().shape), path_(path), reader_(std::move(reader)) {}

  void read(std::uint64_t byte, std::span<std::uint8_t> part) override {
    if (const auto problem = reader_.read(byte, part)) throw DataError(refusal(path_, *problem));
  }

  [[nodiscard]] bool has_names() const override { return false; }

  static std::string refusal(const std::string& path, const idn::Problem& problem) {
    return idn::printable(path) + " is no array that can be read: " + to_string(problem) + ".";
  }

 private:
  std::string path_;
  idn::store::NpyReader reader_;
};

class Hdf5Array : public ArrayFile::Array {
 public:
  Hdf5Array(std::shared_ptr<idn::store::Reader> reader, std::string name, const idn::store::ArrayInfo& info)
      : Array(dtype_name(info.dtype), {info.shape.begin(), info.shape.end()}),
        reader_(std::move(reader)),
        name_(std::move(name)),
        bytes_(byte_count(info)) {}

  void read(std::uint64_t byte, std::span<std::uint8_t> part) override {
    if (reader_) {
      items_.resize(bytes_);
      reader_->read(name_, std::as_writable_bytes(std::span(items_)));
      reader_.reset();
    }
    if (!part.empty()) std::memcpy(part.data(), items_.data() + byte, part.size());
  }

  [[nodiscard]] bool has_names() const override { return true; }

 private:
  std::shared_ptr<idn::store::Reader> reader_;  // until the items are there
  std::string name_;
  std::size_t bytes_;
  idn::Bytes items_;
};

std::string dataset_of(const idn::store::Reader& reader, const std::string& path,
                       const std::optional<std::string>& dataset, const std::string& usual) {
  const std::vector<std::string> names = reader.names();
  if (names.empty()) throw DataError(idn::printable(path) + " holds no array.");
  const auto there = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  if (dataset && there(*dataset)) return *dataset;
  if (!dataset && there(usual)) return usual;
  if (!dataset && names.size() == 1) return names.front();
  constexpr std::size_t kShown = 10;
  std::string shown;
  for (std::size_t k = 0; k < std::min(names.size(), kShown); ++k)
    shown.append(k == 0 ? "" : ", ").append(idn::in_quotes(names[k]));
  if (names.size() > kShown) shown.append(", ...");
  throw std::invalid_argument(idn::printable(path) + " has no array " +
                              idn::in_quotes(dataset.value_or(usual)) +
                              "; name one of those that are there with --dataset: " + shown + ".");
}

std::shared_ptr<ArrayFile::Array> open_array(const std::string& path,
                                             const std::optional<std::string>& dataset,
                                             const std::string& usual) {
  constexpr std::string_view kNpy = "\x93NUMPY";
  std::array<char, kNpy.size()> first{};
  std::error_code ignored;  // what can't be opened is refused below, and a pipe is not waited for
  if (std::filesystem::is_regular_file(path, ignored))
    std::ifstream(path, std::ios::binary).read(first.data(), first.size());
  if (std::string_view(first.data(), first.size()) == kNpy) {
    if (dataset) {
      throw std::invalid_argument("--dataset is " + idn::in_quotes(*dataset) + ", but " +
                                  idn::printable(path) + " is a .npy file, which holds one array.");
    }
    auto reader = idn::store::NpyReader::open(path);
    if (!reader) throw DataError(NpyArray::refusal(path, reader.problem()));
    return std::make_shared<NpyArray>(path, *std::move(reader));
  }
  auto reader = std::make_shared<idn::store::Reader>(path);
  std::string name = dataset_of(*reader, path, dataset, usual);
  const idn::store::ArrayInfo info = reader->info(name);
  return std::make_shared<Hdf5Array>(std::move(reader), std::move(name), info);
}

}  // namespace

ArrayFile::ArrayFile(const std::string& path, const std::optional<std::string>& dataset,
                     const std::string& usual)
    : path_(path) {
  try {
    array_ = open_array(path, dataset, usual);
  } catch (const idn::StoreError& error) {
    throw DataError(std::string(error.what()) + "; expected a .npy or HDF5 file.");
  }
}

std::string_view ArrayFile::type() const { return array_->type(); }

const std::vector<std::int64_t>& ArrayFile::shape() const { return array_->shape(); }

bool ArrayFile::has_names() const { return array_->has_names(); }

void ArrayFile::read(std::uint64_t byte, std::span<std::uint8_t> part) {
  try {
    array_->read(byte, part);
  } catch (const idn::StoreError& error) {
    throw DataError(error.what());
  }
}

}  // namespace idn_run
