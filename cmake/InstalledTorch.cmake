# Imported targets for the torch package of the Python in use: idn::torch and, when bindings are built,
# idn::torch_python.
#
# Why not find_package(Torch): the file torch ships asks for a CUDA toolkit as soon as torch was built with CUDA,
# although linking against its CPU headers needs none; most users have no toolkit.

find_package(Python REQUIRED COMPONENTS Interpreter)
execute_process(
  COMMAND "${Python_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/installed_torch.py"
  OUTPUT_VARIABLE idn_torch_facts
  ERROR_VARIABLE idn_torch_error
  RESULT_VARIABLE idn_torch_result
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT idn_torch_result EQUAL 0)
  message(FATAL_ERROR "${idn_torch_error}")
endif()
foreach(fact IN ITEMS version cuda root)
  string(REGEX MATCH "(^|\n)${fact}=([^\n]*)" ignored "${idn_torch_facts}")
  set(idn_torch_${fact} "${CMAKE_MATCH_2}")
endforeach()
message(STATUS "torch ${idn_torch_version} (CUDA: ${idn_torch_cuda}) in ${idn_torch_root}")

function(idn_add_torch_target name)
  add_library(idn::${name} INTERFACE IMPORTED)
  # Includes of an imported target are system includes, so torch's headers do not warn in our build.
  target_include_directories(idn::${name} INTERFACE
    "${idn_torch_root}/include" "${idn_torch_root}/include/torch/csrc/api/include")
  foreach(library IN LISTS ARGN)
    set(path "${idn_torch_root}/lib/lib${library}.so")
    if(NOT EXISTS "${path}")
      message(FATAL_ERROR "The torch package in ${idn_torch_root} has no ${path}; reinstall torch ${idn_torch_version}.")
    endif()
    set_property(TARGET idn::${name} APPEND PROPERTY INTERFACE_LINK_LIBRARIES "${path}")
  endforeach()
endfunction()

# Of a CUDA build, too, only these are linked: libtorch loads its CUDA parts itself when Python imports torch.
idn_add_torch_target(torch torch_cpu c10)
if(IDN_PYTHON)
  idn_add_torch_target(torch_python torch_cpu c10 torch_python)
endif()
