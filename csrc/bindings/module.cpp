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
  auto multiformats = module.def_submodule("multiformats", "Names that say what they are.");
  idn::bindings::bind_multihash(multiformats);
  idn::bindings::bind_cid(multiformats);
  auto multibase = multiformats.def_submodule("multibase", "Texts that name their base.");
  idn::bindings::bind_multibase(multibase);
  auto varint = multiformats.def_submodule("varint", "Unsigned numbers of variable length.");
  idn::bindings::bind_varint(varint);
  auto store = module.def_submodule("store", "Arrays and per-sample traces in HDF5 files.");
  idn::bindings::bind_store(store);
}
