#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/output.h"

namespace sigward::cli {

/// What the command line asks for; empty until it was parsed.
using Action = std::function<ExitCode()>;

/// Each adds one command to APP. When the command line has it, parsing puts into ACTION what to do.
/// APP keeps references to what it parses into, through ACTION's own state; both must live on.
void AddPolicy(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddVerifyBundle(CLI::App& app, Action& action);
void AddPrefetch(CLI::App& app, Action& action);
void AddAudit(CLI::App& app, Action& action);
void AddStatus(CLI::App& app, Action& action);
void AddDoctor(CLI::App& app, Action& action);
void AddSetup(CLI::App& app, Action& action);
void AddVersion(CLI::App& app, Action& action);

/// Adds -o, which every command has.
void AddOutputOption(CLI::App& command, OutputFormat& format);

/// This program's version, "0.1.0".
const char* Version();

/// Runs the command line and returns the process's exit code.
int Run(int argc, const char* const* argv);

}  // namespace sigward::cli
