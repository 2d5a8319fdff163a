#include "worker/serving/idle_last_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace sigward::worker {

IdleLastPool::IdleLastPool(std::size_t max_threads, std::chrono::milliseconds idle_life,
                           MakeWorker make_worker)
    : max_threads_(max_threads), idle_life_(idle_life), make_worker_(std::move(make_worker)) {}

IdleLastPool::~IdleLastPool() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const auto& member : idle_) {
    member->wake.notify_one();
  }
  one_ended_.wait(lock, [this] { return members_.empty(); });
  lock.unlock();
  Join(std::move(ended_));
}

std::optional<base::UniqueFd> IdleLastPool::Offer(base::UniqueFd connection) {
  std::optional<base::UniqueFd> waiting(std::move(connection));
  Members ended;
  std::unique_lock lock(mutex_);
  ended.swap(ended_);
  if (!idle_.empty()) {
    const auto member = idle_.back();
    idle_.pop_back();
    member->connection.swap(waiting);
    member->wake.notify_one();
  } else if (members_.size() < max_threads_) {
    const auto member = members_.emplace(members_.end());
    member->connection.swap(waiting);
    try {
      member->thread = std::thread([this, member] { Run(member); });
    } catch (const std::system_error&) {
      member->connection.swap(waiting);
      members_.erase(member);
    }
  }
  lock.unlock();
  Join(std::move(ended));
  return waiting;
}

std::size_t IdleLastPool::threads() const {
  const std::lock_guard lock(mutex_);
  return members_.size();
}

std::size_t IdleLastPool::idle() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

void IdleLastPool::Run(Members::iterator self) {
  {
    const Worker worker = make_worker_();
    std::unique_lock lock(mutex_);
    while (self->connection.has_value()) {
      base::UniqueFd connection = std::move(*self->connection);
      self->connection.reset();
      lock.unlock();
      worker(std::move(connection));
      lock.lock();
      if (stopping_) {
        break;
      }
      idle_.push_back(self);
      self->wake.wait_for(lock, idle_life_,
                          [&] { return self->connection.has_value() || stopping_; });
      if (!self->connection.has_value()) {
        idle_.erase(std::find(idle_.begin(), idle_.end(), self));
      }
    }
  }
  const std::lock_guard lock(mutex_);
  ended_.splice(ended_.end(), members_, self);
  one_ended_.notify_one();
}

void IdleLastPool::Join(Members ended) {
  for (Member& member : ended) {
    member.thread.join();
  }
}

}  // namespace sigward::worker
