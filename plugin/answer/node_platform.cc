#include "plugin/answer/node_platform.h"

#include <sys/utsname.h>

#include <string>
#include <string_view>

namespace sigward {

verifier::Platform NodePlatform() {
  utsname name{};
  (void)uname(&name);
  const std::string_view machine(name.machine);
  if (machine == "x86_64") {
    return {"linux", "amd64", ""};
  }
  if (machine == "aarch64") {
    return {"linux", "arm64", "v8"};
  }
  return {"linux", std::string(machine), ""};
}

}  // namespace sigward
