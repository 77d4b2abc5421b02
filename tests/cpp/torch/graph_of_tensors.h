#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "idn/graph/package.h"
#include "idn_torch/program.h"

namespace idn_torch {

/// Builds packages in a test: the steps of GraphBuilder, with tensors for the constants.
class GraphOfTensors {
 public:
  using ValueId = idn::graph::ValueId;
  using Inputs = std::vector<std::optional<ValueId>>;

  ValueId input(const std::string& name, idn::graph::Shape shape,
                idn::graph::DType dtype = idn::graph::DType::kFloat32,
                std::optional<idn::graph::Range> range = std::nullopt) {
    ranges_.push_back(range);
    return builder_.add_input(name, {dtype, std::move(shape)}).or_throw("input");
  }

  /// Names sort in the order of the calls.
  ValueId constant(const at::Tensor& tensor) {
    std::string name = std::to_string(constants_.size());
    name.insert(0, 4 - name.size(), '0');
    const at::Tensor kept = tensor.contiguous();
    constants_.emplace(name, kept);
    const idn::graph::Shape shape(kept.sizes().begin(), kept.sizes().end());
    return builder_.add_constant(name, {dtype_of(kept.scalar_type()).value(), shape}).or_throw("constant");
  }

  ValueId node(const std::string& name, Inputs inputs, idn::graph::Attributes attributes = {}) {
    return builder_.add_node(name, 1, std::move(inputs), std::move(attributes)).or_throw(name);
  }

  void exit(ValueId value) { EXPECT_FALSE(builder_.add_exit("exit" + std::to_string(++exits_), value)); }

  idn::graph::Package package() {
    idn::graph::Model model;
    model.graph = std::move(builder_).finish().or_throw("graph");
    model.ranges = ranges_;
    auto bytes = idn::graph::to_package(model, [this](const idn::graph::Constant& constant) {
      const at::Tensor& tensor = constants_.at(constant.name);
      return idn::ByteView(static_cast<const std::uint8_t*>(tensor.const_data_ptr()), tensor.nbytes());
    });
    return idn::graph::Package::from_bytes(std::move(bytes)).or_throw("package");
  }

 private:
  idn::graph::GraphBuilder builder_;
  std::map<std::string, at::Tensor> constants_;
  std::vector<std::optional<idn::graph::Range>> ranges_;
  int exits_ = 0;
};

}  // namespace idn_torch
