#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sigward::nri {

/// A container as the runtime describes it over NRI: claims of whoever speaks to the runtime.
struct Container {
  std::string id;
  std::string pod_id;
  std::string name;
  std::string pod_name;
  std::string pod_namespace;
  std::string pod_uid;
  std::map<std::string, std::string, std::less<>> labels;
  /// The container's own annotations; the pod's stand apart.
  std::map<std::string, std::string, std::less<>> annotations;
  std::map<std::string, std::string, std::less<>> pod_labels;
  std::map<std::string, std::string, std::less<>> pod_annotations;
  /// Sources of its bind mounts.
  std::vector<std::string> mount_sources;
};

/// What the door has to say about a container's creation.
struct Answer {
  bool allowed = false;
  /// The line that a user sees when it is refused.
  std::string line = "internal: no answer";
};

struct DoorConfig {
  /// Where the runtime listens for plugins; empty: the door stays shut and nothing is started.
  std::string socket;
  /// Two digits: the plugin's place among others.
  std::string index = "10";
};

/// What the door is made of. Called from the door's threads; outlive it.
struct DoorRooms {
  /// Decides about one creation; must return by the deadline. Called by several threads at once,
  /// and a second time for the same container where the runtime has its adjustment validated. What
  /// comes too late is dropped: the runtime has been told "timeout: …" by then.
  std::function<Answer(const Container&, const base::Deadline&)> decide;
  /// Told of the containers that run already, whenever the runtime has synchronised us; at most
  /// 4096 of them. Called by a thread of its own and may take long, but the end of the door waits
  /// for it.
  std::function<void(std::vector<Container>)> running;
};

/// The state of the door for `sigward status` and doctor.
struct DoorStatus {
  bool registered = false;
  std::string runtime_name;
  std::string runtime_version;
  /// How often a connection was lost after it had been registered; creations may have gone on
  /// unasked meanwhile.
  std::uint64_t gaps = 0;
  std::uint64_t questions = 0;
  /// The runtime also asks us to validate what other plugins have adjusted.
  bool validates = false;
  /// Running containers that the last synchronisation told of and that were too many to be kept.
  std::uint64_t running_left_out = 0;
  /// Why it is not registered now.
  std::optional<base::Error> error;
};

/// sigward as an NRI plugin: connects to the runtime, registers as "sigward", answers
/// CreateContainer (and ValidateContainerAdjustment, where the runtime knows it), and connects
/// again for ever. The runtime goes on without a plugin that is late or gone, so this door gives
/// early answers and good messages; it is not the one that keeps anything out.
class NriDoor {
 public:
  /// The runtime's socket must be root's, or of this process's own user.
  NriDoor(DoorConfig config, DoorRooms rooms);
  /// Ends the connection at once and waits for the decisions under way.
  ~NriDoor();
  NriDoor(const NriDoor&) = delete;
  NriDoor& operator=(const NriDoor&) = delete;

  DoorStatus status() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace sigward::nri
