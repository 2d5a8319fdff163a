#include "plugin/preparation.h"

#include <algorithm>

#include "base/log.h"
#include "plugin/containerd/image_claim.h"

namespace sigward {
namespace {

constexpr std::chrono::milliseconds kApiPatience{5000};
/// containerd does not say when its events begin: what appeared just before is in the store by
/// then.
constexpr std::chrono::milliseconds kBeforeReading{150};
constexpr std::chrono::milliseconds kPauseAfterLoss{500};

}  // namespace

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
  threads_.emplace_back([this] { Listen(); });
  threads_.emplace_back([this] { ReadStoresWhenAsked(); });
  for (std::size_t i = 0; i < kPreparedAtOnce; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

std::uint64_t Preparation::Generation() const {
  const auto current = policy_.Current();
  return current == nullptr ? 0 : current->generation();
}

void Preparation::PolicyChanged() {
  {
    const std::lock_guard lock(mutex_);
    read_stores_ = true;
  }
  changed_.notify_all();
}

void Preparation::Listen() {
  bool was_listening = true;
  while (true) {
    const base::Error end = containerd_.Listen(
        [this] {
          const std::lock_guard lock(mutex_);
          listening_ = true;
          read_stores_ = true;
          changed_.notify_all();
        },
        [this](const std::string& ns, const std::string& name) { Appeared(ns, name); });
    std::unique_lock lock(mutex_);
    if (stopping_) {
      return;
    }
    if (listening_ || was_listening) {
      base::Log(base::Severity::kWarning, "containerd-events-lost",
                {{"reason", base::ReasonWord(end.reason)}, {"detail", end.detail}});
    }
    was_listening = false;
    listening_ = false;
    changed_.wait_for(lock, kPauseAfterLoss, [this] { return stopping_; });
  }
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

void Preparation::ReadStoresWhenAsked() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, kReadStoreEvery, [this] { return stopping_ || read_stores_; });
    changed_.wait_for(lock, kBeforeReading, [this] { return stopping_; });
    if (stopping_) {
      return;
    }
    read_stores_ = false;
    if (listening_) {
      lock.unlock();
      ReadStores();
      lock.lock();
    }
  }
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
    waiting_.erase(place);
  } else if (waiting_.size() >= kMaxWaiting) {
    if (!first) {
      return;
    }
    pending_.erase(KeyOf(waiting_.back()));
    awaited_.erase(KeyOf(waiting_.back()));
    waiting_.pop_back();
  }
  pending_.insert(key);
  if (first) {
    waiting_.push_front(std::move(item));
  } else {
    waiting_.push_back(std::move(item));
  }
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
    if (is_crowded && !awaited_.contains(KeyOf(item))) {
      return false;
    }
    const auto busy = under_way_.find(item.image.registry());
    return busy == under_way_.end() || busy->second < kPreparedAtOncePerRegistry;
  });
}

std::optional<Preparation::Item> Preparation::NextLocked(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return stopping_ || NextReadyLocked() != waiting_.end(); });
  if (stopping_) {
    return std::nullopt;
  }
  const auto place = NextReadyLocked();
  Item item = std::move(*place);
  waiting_.erase(place);
  ++under_way_[item.image.registry()];
  ++all_under_way_;
  return item;
}

void Preparation::Work() {
  std::unique_lock lock(mutex_);
  while (auto item = NextLocked(lock)) {
    lock.unlock();
    // Taken before: a policy that comes meanwhile has the image judged once more.
    const std::uint64_t generation = Generation();
    auto unread = Judge(*item);
    lock.lock();
    if (prepared_.size() >= kMaxPrepared) {
      prepared_.clear();
    }
    prepared_[KeyOf(*item)] = {generation, clock_.SteadyNow(), std::move(unread)};
    pending_.erase(KeyOf(*item));
    awaited_.erase(KeyOf(*item));
    if (--under_way_[item->image.registry()] == 0) {
      under_way_.erase(item->image.registry());
    }
    --all_under_way_;
    changed_.notify_all();
    judged_.notify_all();
  }
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
