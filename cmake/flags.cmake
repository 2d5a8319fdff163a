# One target carries every flag that each module compiles and links with.
add_library(sigward_flags INTERFACE)

target_compile_options(sigward_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror
  -Wconversion -Wsign-conversion -Wshadow
  -Wnon-virtual-dtor -Wold-style-cast -Wnull-dereference
  # A switch over an enum names every value, so a new Reason cannot be forgotten.
  -Wswitch-enum
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own standard library when it inlines std::string and std::variant.
  target_compile_options(sigward_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-null-dereference)
endif()

if(SIGWARD_SANITIZE)
  # A report shows lines and no variables: their part of the debug information is not made.
  target_compile_options(sigward_flags INTERFACE
    -fsanitize=${SIGWARD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(sigward_flags INTERFACE -fsanitize=${SIGWARD_SANITIZE})
else()
  target_compile_options(sigward_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
    -D_GLIBCXX_ASSERTIONS)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(sigward_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(sigward_flags INTERFACE -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(sigward_flags INTERFACE -mbranch-protection=standard)
  endif()
  target_link_options(sigward_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
if(SIGWARD_FUZZ)
  target_compile_options(sigward_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
