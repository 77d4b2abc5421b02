#include "idn/store/content.h"

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "bindings.h"
#include "byte_arguments.h"
#include "idn/identity/multiformats/unixfs.h"
#include "integer_argument.h"

namespace py = pybind11;

namespace idn::bindings {
namespace {

using identity::Cid;
using store::ContentStore;
using Path = std::filesystem::path;

/// Calls a Python function, or none, and lets Ctrl-C end the work.
ContentStore::Progress progress_of(const py::object& function) {
  return [function = function.ptr()](std::uint64_t bytes_done, std::uint64_t bytes_total) {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    const py::handle callable(function);
    if (!callable.is_none()) callable(bytes_done, bytes_total);
  };
}

/// Bytes that stay what they are while other threads run: those of a bytes object, or else a copy.
class StableBytes {
 public:
  explicit StableBytes(const py::object& object) : argument_(object) {
    const ByteView given = argument_.view();
    // What is too long for a block is refused unread.
    if (!PyBytes_CheckExact(object.ptr()) && given.size() <= identity::unixfs::kMaxBlockBytes)
      copy_.assign(given.begin(), given.end());
  }

  [[nodiscard]] ByteView view() const { return copy_.empty() ? argument_.view() : ByteView(copy_); }

 private:
  ByteArgument argument_;
  Bytes copy_;
};

/// Lets Ctrl-C end the wait for another process.
void check_signals() {
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

Cid put(ContentStore& store, const py::object& data, const std::string& codec, bool pin) {
  const StableBytes argument(data);
  const auto content = identity::codec(codec);
  const py::gil_scoped_release release;
  return store.put(argument.view(), content, pin);
}

Cid put_block(ContentStore& store, const Cid& cid, const py::object& data, bool pin) {
  const StableBytes argument(data);
  const py::gil_scoped_release release;
  return store.put_block(cid, argument.view(), pin).or_throw("the block");
}

py::object get(ContentStore& store, const Cid& cid) {
  std::optional<Bytes> found;
  {
    const py::gil_scoped_release release;
    found = store.get(cid);
  }
  if (!found) return py::none();
  return to_python(*found);
}

Cid put_file(ContentStore& store, const Path& path, bool pin, const py::object& progress) {
  const auto told = progress_of(progress);
  const py::gil_scoped_release release;
  return store.put_file(path, pin, told);
}

std::uint64_t get_file(ContentStore& store, const Cid& cid, const Path& destination,
                       const std::optional<IntegerArgument>& max_file_bytes, const py::object& progress) {
  const auto told = progress_of(progress);
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  const auto most = max_file_bytes ? max_file_bytes->within<std::uint64_t>("max_file_bytes") : kAny;
  const py::gil_scoped_release release;
  return store.get_file(cid, destination, most, told);
}

store::ContentCheck verify(ContentStore& store, const py::object& progress) {
  const auto told = progress_of(progress);
  const py::gil_scoped_release release;
  return store.verify(told);
}

void bind_check(py::module_& module) {
  using store::ContentCheck;
  using store::DamagedBlock;
  py::class_<DamagedBlock>(module, "DamagedBlock", "A block whose bytes were not those of its CID.")
      .def_readonly("cid", &DamagedBlock::cid)
      .def_readonly("reason", &DamagedBlock::reason, "What is wrong, and what became of it.");
  py::class_<ContentCheck>(module, "ContentCheck", "What a look at every block of a content store found.")
      .def_readonly("blocks", &ContentCheck::blocks, "How many are whole.")
      .def_readonly("size_bytes", &ContentCheck::bytes, "What those have together.")
      .def_readonly("damaged", &ContentCheck::damaged, "Those that are not, moved away.")
      .def_readonly("missing", &ContentCheck::missing, "CIDs that are pinned, but not in the store.");
}

}  // namespace

void bind_content(py::module_& module) {
  using Release = py::call_guard<py::gil_scoped_release>;
  bind_check(module);
  py::class_<ContentStore>(module, "ContentStore", "Blocks and files by CID in a folder.")
      .def(py::init([](const Path& path, const std::optional<IntegerArgument>& max_bytes, bool create) {
             store::ContentLimits limits{.create = create, .interrupted = check_signals};
             if (max_bytes) limits.max_bytes = max_bytes->within<std::uint64_t>("max_bytes", 1);
             return std::make_unique<ContentStore>(path, limits);
           }),
           py::arg("path"), py::arg("max_bytes"), py::arg("create"), Release())
      .def_property_readonly("path", &ContentStore::path, "The folder.")
      .def("put", &put, py::arg("data"), py::arg("codec"), py::arg("pin"), "Stores a block.")
      .def("put_block", &put_block, py::arg("cid"), py::arg("data"), py::arg("pin"),
           "Stores a block of somebody else's.")
      .def("get", &get, py::arg("cid"), "The bytes of a block, or None.")
      .def("has", &ContentStore::has, py::arg("cid"), Release(), "Whether a block is here.")
      .def("remove", &ContentStore::remove, py::arg("cid"), py::arg("recursive"), Release(),
           "Removes a block.")
      .def("pin", &ContentStore::pin, py::arg("cid"), py::arg("incomplete"), Release(),
           "Keeps a block and all below it.")
      .def("unpin", &ContentStore::unpin, py::arg("cid"), Release(), "Ends a pin.")
      .def("pins", &ContentStore::pins, Release(), "The pinned CIDs.")
      .def("list", &ContentStore::list, Release(), "The CIDs of all blocks.")
      .def("blocks", &ContentStore::blocks, Release(), "How many blocks are here.")
      .def("bytes", &ContentStore::bytes, Release(), "What they have together.")
      .def("put_file", &put_file, py::arg("path"), py::arg("pin"), py::arg("progress"), "Stores a file.")
      .def("get_file", &get_file, py::arg("cid"), py::arg("destination"), py::arg("max_file_bytes"),
           py::arg("progress"), "Writes a file.")
      .def("verify", &verify, py::arg("progress"), "Reads every block.");
  module.attr("MAX_BLOCK_BYTES") = identity::unixfs::kMaxBlockBytes;
}

}  // namespace idn::bindings
