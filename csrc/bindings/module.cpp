#include "bindings.h"

PYBIND11_MODULE(_idn, module) {
  module.doc() = "The C++ core of idn. Use it through the idn package.";
  idn::bindings::bind_error(module);
  idn::bindings::bind_build_info(module);
  auto exits = module.def_submodule("exits", "Rules that decide whether a sample leaves at an exit.");
  idn::bindings::bind_calibration(exits);
  idn::bindings::bind_criterion(exits);
  idn::bindings::bind_learned_score(exits);
  idn::bindings::bind_threshold_search(exits);
  auto math = module.def_submodule("math", "Functions of numbers.");
  idn::bindings::bind_incomplete_beta(math);
  auto data = module.def_submodule("data", "Batches of images.");
  idn::bindings::bind_crop(data);
  auto store = module.def_submodule("store", "Arrays and per-sample traces in HDF5 files.");
  idn::bindings::bind_store(store);
}
