// What sigwardd becomes when it was started by hand: it keeps the gate's processes running.

#include <cstdio>

#include "base/config/config.h"
#include "plugin/launcher/launcher.h"

namespace {

constexpr int kUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("Usage: sigward-launcher CONFIG_FILE\nsigwardd becomes it; not for use by hand.\n",
               stderr);
    return kUsage;
  }
  const auto text = sigward::ReadConfigText(argv[1]);
  const auto config = text.ok() ? sigward::ParseConfig(*text, argv[1]) : text.error();
  if (!config.ok()) {
    std::fprintf(stderr, "sigward-launcher: %s\n", config.error().detail.c_str());
    return kUsage;
  }
  return sigward::RunLauncher(*config, *text);
}
