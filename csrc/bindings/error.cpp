#include "idn/core/error.h"

#include <exception>

#include "bindings.h"

namespace py = pybind11;

namespace idn::bindings {

// One translator: a C++ error becomes the Python class of the same name, found once in idn.errors.
void bind_error(py::module_& /*module*/) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    if (!pointer) return;
    auto raise = [](const char* name, const std::exception& error) {
      const py::object type = py::module_::import("idn.errors").attr(name);
      py::set_error(type, error.what());
    };
    try {
      std::rethrow_exception(pointer);
    } catch (const MissingIdentity& error) {
      raise("MissingIdentity", error);
    } catch (const WrongPermissions& error) {
      raise("WrongPermissions", error);
    } catch (const DamagedIdentity& error) {
      raise("DamagedIdentity", error);
    } catch (const WrongPassword& error) {
      raise("WrongPassword", error);
    } catch (const IdentityError& error) {
      raise("IdentityError", error);
    } catch (const StoreError& error) {
      raise("StoreError", error);
    } catch (const PackageError& error) {
      raise("PackageError", error);
    } catch (const ExecutionError& error) {
      raise("ExecutionError", error);
    } catch (const Error& error) {
      raise("Error", error);
    }
  });
}

}  // namespace idn::bindings
