#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "plugin/containerd/containerd.h"
#include "plugin/containerd/image_content.h"
#include "plugin/gate/evidence_store.h"
#include "plugin/gate/gate.h"
#include "plugin/sync/active_policy.h"
#include "verifier/digest.h"
#include "verifier/image_ref.h"

namespace sigward {

/// Images that are judged at once, in all and of one registry: a registry that never answers holds
/// up its own images only.
inline constexpr std::size_t kPreparedAtOnce = 8;
inline constexpr std::size_t kPreparedAtOncePerRegistry = 4;
/// Of them, how many are kept for what a create waits for, and for registries of which nothing else
/// is under way: three silent ones, whoever waits for their images, do not hold up all others.
inline constexpr std::size_t kKeptForAwaited = 2;
/// How many images a second are looked for in registries, after a first burst: a node with hundreds
/// of images must not become a burden. An image that a create waits for is not held back.
inline constexpr std::size_t kPreparationBurst = 40;
inline constexpr std::size_t kPreparedPerSecond = 10;
/// How long one image may take.
inline constexpr std::chrono::seconds kPreparationDeadline{8};
/// Images that wait, and those whose outcome is remembered.
inline constexpr std::size_t kMaxWaiting = 16'384;
inline constexpr std::size_t kMaxPrepared = 16'384;
/// An image that a create was refused for is looked at again after this time: a signature may have
/// been pushed meanwhile.
inline constexpr std::chrono::seconds kLookAgainAfter{10};
/// The image store is read anew this often, should an event have been missed.
inline constexpr std::chrono::seconds kReadStoreEvery{60};
/// How long a thread pauses on which something was thrown.
inline constexpr std::chrono::milliseconds kPauseAfterThrow{200};

/// Judges the images of the node in the background, over the network too, so that a create finds
/// the evidence here: at the start, for each new policy, and when an image appears. Safe for use by
/// many threads. What is thrown on its own threads (out of memory, say) is logged, and the image
/// counts as not judged.
class Preparation {
 public:
  /// One image under one name, as policies and registries know it.
  struct Item {
    verifier::ImageRef image;
    verifier::Digest target;
    std::string media_type;
    /// Namespace of the image store that has it; its manifest and configuration are read there too,
    /// so that a create need not. Empty when that has been done.
    std::string ns;
  };

  /// Everything outlives it.
  Preparation(containerd::Containerd& containerd, containerd::ImageContents& contents,
              gate::Gate& gate, gate::EvidenceStore& store, sync::ActivePolicy& policy,
              const base::Clock& clock = base::Clock::System());
  /// Ends all threads, within the time of one answer.
  ~Preparation();
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  void Start();

  /// All images are to be judged anew: the policy has changed.
  void PolicyChanged() { ReadStoresSoon(); }

  /// Waits until ITEM was judged under the active policy, at most until DEADLINE; it goes before
  /// all that is waiting. What was judged long enough ago is judged again, without waiting. Nothing
  /// when every place was looked at; else why a signature may exist all the same (kTimeout when it
  /// was not looked at in time).
  std::optional<base::Error> Await(const Item& item, const base::Deadline& deadline);

  /// The image that some namespace of containerd's image store has under this very name, if one
  /// has.
  std::optional<Item> OnNode(const verifier::ImageRef& image, const base::Deadline& deadline);

  struct Progress {
    std::size_t waiting = 0;
    std::size_t prepared = 0;
    bool listening = false;
  };
  Progress progress() const;

 private:
  using Key = std::pair<std::string, verifier::Digest>;
  struct Outcome {
    std::uint64_t generation = 0;
    base::Clock::Steady when;
    /// Set when some place could not be read.
    std::optional<base::Error> unread;
  };

  class Turn;

  static Key KeyOf(const Item& item) { return {item.image.name(), item.target}; }
  /// Does STEP over and over, also after it has thrown, until it returns false.
  void Repeat(const std::function<bool()>& step);
  bool Listen();
  void ReadStoresSoon();
  void Appeared(const std::string& ns, const std::string& name);
  bool ReadStoresWhenAsked();
  void ReadStores();
  bool JudgeNext();
  /// Why not every place could be read, if so.
  std::optional<base::Error> Judge(const Item& item);
  bool WaitForAllowance(const Item& item);
  std::uint64_t Generation() const;
  void AddLocked(Item item, bool first);
  bool IsPreparedLocked(const Key& key, std::uint64_t generation) const;
  /// The next item whose registry is not busy.
  std::deque<Item>::iterator NextReadyLocked();
  void RefillLocked();

  containerd::Containerd& containerd_;
  containerd::ImageContents& contents_;
  gate::Gate& gate_;
  gate::EvidenceStore& store_;
  sync::ActivePolicy& policy_;
  const base::Clock& clock_;

  mutable std::mutex mutex_;
  /// For those who work, and for those who wait for what is judged.
  std::condition_variable changed_;
  std::condition_variable judged_;
  std::deque<Item> waiting_;
  /// In waiting_ or being judged.
  std::set<Key> pending_;
  /// Creates wait for these; the rate does not hold them back.
  std::set<Key> awaited_;
  std::map<Key, Outcome> prepared_;
  /// Items being judged, by registry.
  std::map<std::string, std::size_t> under_way_;
  std::size_t all_under_way_ = 0;
  bool stopping_ = false;
  bool listening_ = false;
  /// It has been logged that nothing is listened to.
  bool loss_is_known_ = false;
  bool read_stores_ = false;
  /// Items that may be begun now; refilled with time.
  double allowance_ = kPreparationBurst;
  base::Clock::Steady allowance_at_;
  std::vector<std::thread> threads_;
};

}  // namespace sigward
