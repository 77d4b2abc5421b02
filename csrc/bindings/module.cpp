#include "bindings.h"

PYBIND11_MODULE(_idn, module) {
  module.doc() = "The C++ core of idn. Use it through the idn package.";
  idn::bindings::bind_error(module);
  idn::bindings::bind_build_info(module);
  auto exits = module.def_submodule("exits", "Rules that decide whether a sample leaves at an exit.");
  idn::bindings::bind_calibration(exits);
  idn::bindings::bind_criterion(exits);
  idn::bindings::bind_learned_score(exits);
  idn::bindings::bind_policy(exits);
  idn::bindings::bind_threshold_search(exits);
  auto graph = module.def_submodule("graph", "Models as data: graphs, packages and what runs them.");
  idn::bindings::bind_graph(graph);
  idn::bindings::bind_executor(graph);
  idn::bindings::bind_segment_time(graph);
  idn::bindings::bind_engine(graph);
  auto math = module.def_submodule("math", "Functions of numbers.");
  idn::bindings::bind_incomplete_beta(math);
  auto data = module.def_submodule("data", "Batches of images.");
  idn::bindings::bind_crop(data);
  auto multiformats = module.def_submodule("multiformats", "Names that say what they are.");
  idn::bindings::bind_multihash(multiformats);
  idn::bindings::bind_cid(multiformats);
  idn::bindings::bind_multiaddr(multiformats);
  idn::bindings::bind_unixfs(multiformats);
  auto multibase = multiformats.def_submodule("multibase", "Texts that name their base.");
  idn::bindings::bind_multibase(multibase);
  auto varint = multiformats.def_submodule("varint", "Unsigned numbers of variable length.");
  idn::bindings::bind_varint(varint);
  auto content = module.def_submodule("content", "Blocks and files by CID in a folder.");
  idn::bindings::bind_content(content);
  auto cbor = module.def_submodule("cbor", "The deterministic encoding of what is hashed and signed.");
  idn::bindings::bind_cbor(cbor);
  auto signed_record = module.def_submodule("signed_record", "Bytes that outlive a session, signed.");
  idn::bindings::bind_signed_record(signed_record);
  idn::bindings::bind_contact(signed_record);
  auto identity = module.def_submodule("identity", "Who a node is: node IDs, keys and their files.");
  idn::bindings::bind_identity(identity);
  auto store = module.def_submodule("store", "Arrays and per-sample traces in HDF5 files.");
  idn::bindings::bind_store(store);
}
