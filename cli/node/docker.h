#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sigward::cli {

inline constexpr std::size_t kMaxDockerInfoBytes = 1U << 20;

/// Where Docker keeps its images. Only containerd's store can prove what a container is made of.
enum class DockerStore : std::uint8_t { kNotInstalled = 1, kContainerd, kClassic, kUnknown };

struct DockerRuntime {
  std::string name;
  /// A runtime program ("runc", "/usr/bin/crun"), or empty.
  std::string path;
  /// A shim ("io.containerd.runc.v2", a path), or empty.
  std::string type;
};

struct DockerFacts {
  DockerStore store = DockerStore::kUnknown;
  /// How that was found out, for a person.
  std::string evidence;
  std::string default_runtime;
  std::vector<DockerRuntime> runtimes;
};

/// Reads what `docker info --format '{{json .}}'` prints. Fails with kMalformed, kTooLarge or
/// kDuplicateKey; a daemon that does not answer is kMalformed too, as it has no driver.
base::Result<DockerFacts> ParseDockerInfo(std::string_view json);

/// What of Docker's files can be seen when its daemon does not answer.
struct DockerFiles {
  bool installed = false;
  /// daemon.json; empty when there is none.
  std::string daemon_json;
  /// The classic store holds images.
  bool classic_images = false;
};
DockerFacts JudgeDockerFiles(const DockerFiles& files);

/// Asks the daemon, or looks at the files below ROOT. With a ROOT no daemon is asked.
DockerFacts LookAtDocker(const std::string& root);

}  // namespace sigward::cli
