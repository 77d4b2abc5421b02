# Finds Crypto++, which brings no CMake package in Debian: cryptopp::cryptopp and CryptoPP_VERSION.
find_path(CryptoPP_INCLUDE_DIR cryptopp/cryptlib.h)
find_library(CryptoPP_LIBRARY NAMES cryptopp crypto++)
if(CryptoPP_INCLUDE_DIR)
  file(STRINGS "${CryptoPP_INCLUDE_DIR}/cryptopp/config_ver.h" CryptoPP_version_lines
    REGEX "^# *define CRYPTOPP_(MAJOR|MINOR|REVISION) ")
  string(REGEX REPLACE "[^0-9;]*([0-9]+)[^;]*" "\\1" CryptoPP_version_parts "${CryptoPP_version_lines}")
  list(JOIN CryptoPP_version_parts "." CryptoPP_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CryptoPP
  REQUIRED_VARS CryptoPP_LIBRARY CryptoPP_INCLUDE_DIR VERSION_VAR CryptoPP_VERSION)
mark_as_advanced(CryptoPP_INCLUDE_DIR CryptoPP_LIBRARY)
if(CryptoPP_FOUND AND NOT TARGET cryptopp::cryptopp)
  add_library(cryptopp::cryptopp UNKNOWN IMPORTED)
  set_target_properties(cryptopp::cryptopp PROPERTIES
    IMPORTED_LOCATION "${CryptoPP_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CryptoPP_INCLUDE_DIR}")
endif()
