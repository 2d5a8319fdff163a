#pragma once

#include <string_view>

#include "base/config/config.h"

namespace sigward {

/// Starts the processes of a gate that no systemd has started (sigward-credentiald among them only
/// where CONFIG names credentials), and starts again whichever
/// dies. The listening sockets are made here and stay open while a process is being replaced, so a
/// question that arrives meanwhile waits instead of failing. After this set-up the launcher reads
/// nothing but signals: SIGHUP is passed on to the deciding process, SIGTERM and SIGINT end all.
/// Its children die with it. CONFIG_TEXT, from which CONFIG was parsed, goes to all that
/// read it. Returns the exit code.
int RunLauncher(const Config& config, std::string_view config_text);

}  // namespace sigward
