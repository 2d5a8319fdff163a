#include "plugin/preparation.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "plugin/containerd/image_claim.h"

namespace sigward {
namespace {

constexpr std::chrono::milliseconds kApiPatience{5000};
/// containerd does not say when its events begin: what appeared just before is in the store by
/// then.
constexpr std::chrono::milliseconds kBeforeReading{150};
constexpr std::chrono::milliseconds kPauseAfterLoss{500};

void LogFailure(const std::exception& failure) noexcept {
  try {
    base::Log(base::Severity::kError, "preparation-failed", {{"detail", failure.what()}});
  } catch (const std::exception&) {
    // No memory even for that.
    return;
  }
}

}  // namespace

/// An item that a thread has taken to judge it; given back however that ends.
class Preparation::Turn {
 public:
  /// Waits for an item; has none when all is to end.
  explicit Turn(Preparation& preparation) : preparation_(preparation) {
    std::unique_lock lock(preparation_.mutex_);
    preparation_.changed_.wait(lock, [this] {
      return preparation_.stopping_ ||
             preparation_.NextReadyLocked() != preparation_.waiting_.end();
    });
    if (preparation_.stopping_) {
      return;
    }
    const auto place = preparation_.NextReadyLocked();
    key_ = KeyOf(*place);
    ++preparation_.under_way_[place->image.registry()];
    // From here on nothing throws: an item waits or has its turn, and is never lost.
    ++preparation_.all_under_way_;
    item_ = std::move(*place);
    preparation_.waiting_.erase(place);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!item_.has_value()) {
      return;
    }
    const std::lock_guard lock(preparation_.mutex_);
    preparation_.pending_.erase(*key_);
    preparation_.awaited_.erase(*key_);
    const auto busy = preparation_.under_way_.find(item_->image.registry());
    if (--busy->second == 0) {
      preparation_.under_way_.erase(busy);
    }
    --preparation_.all_under_way_;
    preparation_.changed_.notify_all();
    preparation_.judged_.notify_all();
  }

  const std::optional<Item>& item() const { return item_; }
  const Key& key() const { return *key_; }

 private:
  Preparation& preparation_;
  std::optional<Item> item_;
  std::optional<Key> key_;
};

Preparation::Preparation(containerd::Containerd& containerd, containerd::ImageContents& contents,
                         gate::Gate& gate, gate::EvidenceStore& store, sync::ActivePolicy& policy,
                         const base::Clock& clock)
    : containerd_(containerd),
      contents_(contents),
      gate_(gate),
      store_(store),
      policy_(policy),
      clock_(clock),
      allowance_at_(clock.SteadyNow()) {}

Preparation::~Preparation() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  judged_.notify_all();
  containerd_.StopListening();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Preparation::Start() {
  const auto start = [this](bool (Preparation::*step)()) {
    threads_.emplace_back([this, step] { Repeat([this, step] { return (this->*step)(); }); });
  };
  start(&Preparation::Listen);
  start(&Preparation::ReadStoresWhenAsked);
  for (std::size_t i = 0; i < kPreparedAtOnce; ++i) {
    start(&Preparation::JudgeNext);
  }
}

void Preparation::Repeat(const std::function<bool()>& step) {
  // Of failures in a row one is logged, so that the log does not grow with them.
  bool failed = false;
  while (true) {
    try {
      if (!step()) {
        return;
      }
      failed = false;
      continue;
    } catch (const std::exception& failure) {
      if (!std::exchange(failed, true)) {
        LogFailure(failure);
      }
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPauseAfterThrow, [this] { return stopping_; });
  }
}

std::uint64_t Preparation::Generation() const {
  const auto current = policy_.Current();
  return current == nullptr ? 0 : current->generation();
}

void Preparation::ReadStoresSoon() {
  const std::lock_guard lock(mutex_);
  read_stores_ = true;
  changed_.notify_all();
}

bool Preparation::Listen() {
  const base::Error end = containerd_.Listen(
      [this] {
        const std::lock_guard lock(mutex_);
        listening_ = true;
        read_stores_ = true;
        loss_is_known_ = false;
        changed_.notify_all();
      },
      [this](const std::string& ns, const std::string& name) {
        // Nothing is thrown through the stream's own code. What is missed here is in the store.
        try {
          Appeared(ns, name);
        } catch (const std::exception& failure) {
          LogFailure(failure);
          ReadStoresSoon();
        }
      });
  std::unique_lock lock(mutex_);
  listening_ = false;
  if (stopping_) {
    return false;
  }
  if (!std::exchange(loss_is_known_, true)) {
    base::Log(base::Severity::kWarning, "containerd-events-lost",
              {{"reason", base::ReasonWord(end.reason)}, {"detail", end.detail}});
  }
  changed_.wait_for(lock, kPauseAfterLoss, [this] { return stopping_; });
  return true;
}

void Preparation::Appeared(const std::string& ns, const std::string& name) {
  const auto reference = verifier::ImageRef::Parse(name);
  if (containerd::NamesNoRepository(name) || !reference.ok()) {
    return;
  }
  const auto image = containerd_.FindImage(ns, name, base::Deadline::After(kApiPatience));
  if (!image.ok() || !image->has_value()) {
    return;
  }
  const std::lock_guard lock(mutex_);
  AddLocked({*reference, (*image)->target, (*image)->media_type, ns}, /*first=*/true);
}

bool Preparation::ReadStoresWhenAsked() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kReadStoreEvery, [this] { return stopping_ || read_stores_; });
    changed_.wait_for(lock, kBeforeReading, [this] { return stopping_; });
    if (stopping_) {
      return false;
    }
    read_stores_ = false;
    if (!listening_) {
      return true;
    }
  }
  try {
    ReadStores();
  } catch (const std::exception&) {
    ReadStoresSoon();
    throw;
  }
  return true;
}

void Preparation::ReadStores() {
  const auto namespaces = containerd_.Namespaces(base::Deadline::After(kApiPatience));
  if (!namespaces.ok()) {
    return;
  }
  std::set<verifier::Digest> held;
  bool complete = true;
  for (const std::string& ns : *namespaces) {
    const auto images = containerd_.Images(ns, base::Deadline::After(kApiPatience));
    if (!images.ok()) {
      complete = false;
      continue;
    }
    const std::uint64_t generation = Generation();
    const std::lock_guard lock(mutex_);
    for (const containerd::Image& image : *images) {
      held.insert(image.target);
      const auto reference = verifier::ImageRef::Parse(image.name);
      if (containerd::NamesNoRepository(image.name) || !reference.ok()) {
        continue;
      }
      Item item{*reference, image.target, image.media_type, ns};
      if (!IsPreparedLocked(KeyOf(item), generation)) {
        AddLocked(std::move(item), /*first=*/false);
      }
    }
  }
  if (complete) {
    store_.Hold(held);
  }
}

bool Preparation::IsPreparedLocked(const Key& key, std::uint64_t generation) const {
  const auto found = prepared_.find(key);
  return found != prepared_.end() && found->second.generation >= generation;
}

void Preparation::AddLocked(Item item, bool first) {
  const Key key = KeyOf(item);
  if (pending_.contains(key)) {
    if (!first) {
      return;
    }
    const auto place =
        std::ranges::find_if(waiting_, [&](const Item& one) { return KeyOf(one) == key; });
    if (place == waiting_.end()) {
      return;
    }
    *place = std::move(item);
    std::rotate(waiting_.begin(), place, std::next(place));
    changed_.notify_all();
    return;
  }
  if (waiting_.size() >= kMaxWaiting) {
    if (!first) {
      return;
    }
    pending_.erase(KeyOf(waiting_.back()));
    awaited_.erase(KeyOf(waiting_.back()));
    waiting_.pop_back();
  }
  // In this order: what is pending and does not wait would never be judged.
  if (first) {
    waiting_.push_front(std::move(item));
  } else {
    waiting_.push_back(std::move(item));
  }
  pending_.insert(key);
  changed_.notify_all();
}

void Preparation::RefillLocked() {
  const auto now = clock_.SteadyNow();
  const std::chrono::duration<double> passed = now - allowance_at_;
  allowance_ = std::min(static_cast<double>(kPreparationBurst),
                        allowance_ + passed.count() * static_cast<double>(kPreparedPerSecond));
  allowance_at_ = now;
}

std::deque<Preparation::Item>::iterator Preparation::NextReadyLocked() {
  const bool is_crowded = all_under_way_ + kKeptForAwaited >= kPreparedAtOnce;
  return std::ranges::find_if(waiting_, [&](const Item& item) {
    const auto busy = under_way_.find(item.image.registry());
    if (is_crowded) {
      return busy == under_way_.end() && awaited_.contains(KeyOf(item));
    }
    return busy == under_way_.end() || busy->second < kPreparedAtOncePerRegistry;
  });
}

bool Preparation::JudgeNext() {
  const Turn turn(*this);
  if (!turn.item().has_value()) {
    return false;
  }
  // Taken before: a policy that comes meanwhile has the image judged once more.
  const std::uint64_t generation = Generation();
  auto unread = Judge(*turn.item());
  const std::lock_guard lock(mutex_);
  if (prepared_.size() >= kMaxPrepared) {
    prepared_.clear();
  }
  prepared_.insert_or_assign(turn.key(),
                             Outcome{generation, clock_.SteadyNow(), std::move(unread)});
  return true;
}

bool Preparation::WaitForAllowance(const Item& item) {
  constexpr std::chrono::milliseconds kRefillPause{100};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    RefillLocked();
    if (awaited_.contains(KeyOf(item)) || allowance_ >= 1) {
      allowance_ = std::max(allowance_ - 1, 0.0);
      return true;
    }
    changed_.wait_for(lock, kRefillPause);
  }
  return false;
}

std::optional<base::Error> Preparation::Judge(const Item& item) {
  if (!item.ns.empty()) {
    // For the create that may follow; what it says plays no part in the signatures.
    (void)contents_.Of(item.ns, item.target, base::Deadline::After(kPreparationDeadline)).ok();
  }
  const auto snapshot = policy_.Current();
  if (snapshot == nullptr) {
    return std::nullopt;
  }
  policy::Workload workload{policy::Origin::kRunning, item.image, item.target, item.media_type};
  const policy::Decision here =
      gate_.Decide(snapshot, workload, base::Deadline::After(kPreparationDeadline));
  if (here.verdict == policy::Verdict::kAllow) {
    return std::nullopt;
  }
  if (!WaitForAllowance(item)) {
    return base::Fail(base::Reason::kTimeout, "the daemon is ending");
  }
  // What it finds is remembered and kept; the decision itself is nobody's.
  workload.origin = policy::Origin::kPrefetch;
  policy::Decision decision =
      gate_.Decide(snapshot, workload, base::Deadline::After(kPreparationDeadline));
  return decision.verdict == policy::Verdict::kUndetermined ? std::move(decision.error)
                                                            : std::nullopt;
}

std::optional<base::Error> Preparation::Await(const Item& item, const base::Deadline& deadline) {
  const Key key = KeyOf(item);
  const std::uint64_t generation = Generation();
  std::unique_lock lock(mutex_);
  if (!IsPreparedLocked(key, generation)) {
    awaited_.insert(key);
    AddLocked(item, /*first=*/true);
  } else if (clock_.SteadyNow() - prepared_[key].when >= kLookAgainAfter) {
    AddLocked(item, /*first=*/false);
  }
  while (!stopping_ && !IsPreparedLocked(key, generation) && !deadline.Passed()) {
    judged_.wait_until(lock, deadline.when());
    if (!IsPreparedLocked(key, generation) && !pending_.contains(key)) {
      awaited_.insert(key);
      AddLocked(item, /*first=*/true);
    }
  }
  if (!IsPreparedLocked(key, generation)) {
    return base::Fail(base::Reason::kTimeout, "the image was not looked at in time");
  }
  return prepared_[key].unread;
}

std::optional<Preparation::Item> Preparation::OnNode(const verifier::ImageRef& image,
                                                     const base::Deadline& deadline) {
  const auto namespaces = containerd_.Namespaces(deadline);
  if (!namespaces.ok()) {
    return std::nullopt;
  }
  for (const std::string& ns : *namespaces) {
    const auto found = containerd_.FindImage(ns, image.text(), deadline);
    if (found.ok() && found->has_value()) {
      return Item{image, (*found)->target, (*found)->media_type, ns};
    }
  }
  return std::nullopt;
}

Preparation::Progress Preparation::progress() const {
  const std::lock_guard lock(mutex_);
  return {pending_.size(), prepared_.size(), listening_};
}

}  // namespace sigward
