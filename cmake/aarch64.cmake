# Toolchain for aarch64 Linux on another machine: Debian's cross compiler, a folder of arm64 packages, and qemu to run
# the tests. scripts/aarch64.sh makes the folder; IDN_SYSROOT names another one.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(IDN_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-sysroot" CACHE PATH "Unpacked packages of arm64")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IDN_SYSROOT)  # try_compile reads this file again
get_filename_component(CMAKE_SYSROOT "${IDN_SYSROOT}" ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Debian keeps HDF5 apart; h5cc, which CMake would ask instead, is the building machine's.
set(HDF5_C_COMPILER_EXECUTABLE "" CACHE FILEPATH "Not asked")
list(APPEND CMAKE_INCLUDE_PATH /usr/include/hdf5/serial)
list(APPEND CMAKE_LIBRARY_PATH /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/hdf5/serial)

find_program(IDN_QEMU NAMES qemu-aarch64 qemu-aarch64-static REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR "${IDN_QEMU};-L;${CMAKE_SYSROOT}")
