#pragma once

#include <c10/core/Device.h>

#include <string>

namespace idn_run {

/// The device of a name: cpu, cuda or cuda:N. Only for CUDA are torch's libraries for it loaded.
///
/// Throws std::invalid_argument for another name, idn::Error where torch's CUDA libraries can't be loaded.
c10::Device device_of(const std::string& name);

}  // namespace idn_run
