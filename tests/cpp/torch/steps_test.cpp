#include "idn_torch/steps.h"

#include <ATen/ops/ones.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph_of_tensors.h"
#include "idn/core/error.h"

namespace idn_torch {
namespace {

// As oneDNN's error: of none of the classes that torch throws.
class Foreign : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "could not create a primitive"; }
};

// What a request says where the kernel of its second node throws.
template <class Thrown>
std::string said_of(const Thrown& thrown) {
  GraphOfTensors graph;
  const auto x = graph.input("x", {idn::graph::Dimension::batch(), 2});
  graph.exit(graph.node("tanh", {graph.node("relu", {x})}));
  Plan plan(graph.package(), {.passes = Passes::none()});
  std::vector<Step>& steps = plan.segments.front().steps;
  steps.at(1).kernel = [thrown](const graph_kernels::Inputs& /*inputs*/) -> at::Tensor { throw thrown; };
  std::vector<at::Tensor> values(plan.values.size());
  values.front() = at::ones({3, 2});
  try {
    run_steps(plan, steps, values, 3);
  } catch (const idn::ExecutionError& error) {
    return error.what();
  }
  return "";
}

TEST(Steps, NameTheNodeWhateverIsThrown) {
  EXPECT_EQ(said_of(Foreign()), "node 1 (tanh): could not create a primitive");
  EXPECT_EQ(said_of(std::runtime_error("no")), "node 1 (tanh): no");
  EXPECT_EQ(said_of(idn::ExecutionError("an index is 5")), "node 1 (tanh): an index is 5");
  EXPECT_EQ(said_of(c10::Error(c10::SourceLocation{}, "sizes differ")), "node 1 (tanh): sizes differ");
  EXPECT_EQ(said_of(std::bad_alloc()), "node 1 (tanh): there is not enough memory");
}

}  // namespace
}  // namespace idn_torch
