#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {

void bind_build_info(py::module_& module) {
  module.def(
      "build_info",
      [] {
        py::dict info;
        info["version"] = IDN_VERSION;
        info["torch"] = IDN_TORCH_VERSION;
        info["torch_cuda"] = IDN_TORCH_CUDA;
        info["compiler"] = IDN_COMPILER;
        info["build_type"] = IDN_BUILD_TYPE;
        info["hdf5"] = IDN_HDF5_VERSION;
        info["tbb"] = IDN_TBB_VERSION;
        info["boost"] = IDN_BOOST_VERSION;
        info["sodium"] = IDN_SODIUM_VERSION;
        info["cryptopp"] = IDN_CRYPTOPP_VERSION;
        return info;
      },
      "What the C++ part was built with, as text by name.");
}

}  // namespace idn::bindings
