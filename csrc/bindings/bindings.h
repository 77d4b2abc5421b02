#pragma once

#include <pybind11/pybind11.h>

namespace idn::bindings {

void bind_build_info(pybind11::module_& module);
void bind_calibration(pybind11::module_& module);
void bind_cbor(pybind11::module_& module);
void bind_cid(pybind11::module_& module);
void bind_contact(pybind11::module_& module);
void bind_content(pybind11::module_& module);
void bind_criterion(pybind11::module_& module);
void bind_crop(pybind11::module_& module);
void bind_engine(pybind11::module_& module);
void bind_error(pybind11::module_& module);
void bind_executor(pybind11::module_& module);
void bind_graph(pybind11::module_& module);
void bind_identity(pybind11::module_& module);
void bind_incomplete_beta(pybind11::module_& module);
void bind_learned_score(pybind11::module_& module);
void bind_multiaddr(pybind11::module_& module);
void bind_multibase(pybind11::module_& module);
void bind_multihash(pybind11::module_& module);
void bind_policy(pybind11::module_& module);
void bind_segment_time(pybind11::module_& module);
void bind_signed_record(pybind11::module_& module);
void bind_store(pybind11::module_& module);
void bind_threshold_search(pybind11::module_& module);
void bind_unixfs(pybind11::module_& module);
void bind_varint(pybind11::module_& module);

}  // namespace idn::bindings
