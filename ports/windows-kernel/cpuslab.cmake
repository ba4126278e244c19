# SPDX-License-Identifier: MIT
#
# cpuslab for the Windows Driver Kit. NOT BUILT in this project's tests, which
# have mingw-w64 and a syntax check for Microsoft's compiler only. With the
# FindWDK module of https://github.com/SergiusTheBest/FindWDK:
#
#	include(path/to/ports/windows-kernel/cpuslab.cmake)
#	wdk_add_driver(mydriver mydriver.c)
#	target_link_libraries(mydriver cpuslab)
get_filename_component(CPUSLAB_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

find_package(WDK REQUIRED)

wdk_add_library(cpuslab STATIC
  "${CPUSLAB_ROOT}/lib/all.c"
  "${CPUSLAB_ROOT}/ports/windows-kernel/all.c")
target_compile_options(cpuslab PRIVATE /std:c11 /W4)
target_include_directories(cpuslab PUBLIC
  "${CPUSLAB_ROOT}/include"
  "${CPUSLAB_ROOT}/ports/windows-kernel")
target_include_directories(cpuslab PRIVATE "${CPUSLAB_ROOT}/lib")
