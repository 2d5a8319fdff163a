#include "plugin/nri/decision_pool.h"

#include <exception>
#include <system_error>
#include <utility>

#include "base/result.h"
#include "plugin/nri/container_claims.h"
#include "rpc/nri.pb.h"

namespace sigward::nri {
namespace {

namespace wire = ::nri::pkg::api::v1alpha1;
using base::Fail;
using base::Reason;

template <typename Message>
base::Result<Container> Parse(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) {
    return Fail(Reason::kProtocol, "the runtime's request could not be read");
  }
  return ClaimsOf(message.pod(), message.container());
}

base::Result<Container> Parse(Request request, const std::string& bytes) {
  return request == Request::kCreateContainer
             ? Parse<wire::CreateContainerRequest>(bytes)
             : Parse<wire::ValidateContainerAdjustmentRequest>(bytes);
}

}  // namespace

DecisionPool::~DecisionPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void DecisionPool::Ask(std::shared_ptr<PendingReply> reply, std::string request,
                       const base::Deadline& deadline) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() < kMaxWaitingQuestions &&
      request.size() <= kMaxWaitingBytes - waiting_bytes_ && MakeRoomLocked()) {
    waiting_bytes_ += request.size();
    waiting_.push_back({std::move(reply), std::move(request), deadline});
    changed_.notify_one();
    return;
  }
  lock.unlock();
  reply->Refuse(Fail(Reason::kOverloaded, "too many containers are being created at once"));
}

bool DecisionPool::MakeRoomLocked() {
  if (idle_ <= waiting_.size() && threads_.size() < kDecisionsAtOnce) {
    try {
      threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      return !threads_.empty();
    }
  }
  return true;
}

void DecisionPool::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (ending_) {
      return;
    }
    {
      const Question question = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= question.request.size();
      lock.unlock();
      Settle(question);
    }
    lock.lock();
  }
}

void DecisionPool::Settle(const Question& question) const {
  if (question.reply->answered()) {
    return;
  }
  try {
    const auto container = Parse(question.reply->request(), question.request);
    if (container.ok()) {
      question.reply->Give(decide_(*container, question.deadline));
    } else {
      question.reply->Refuse(container.error());
    }
  } catch (const std::exception& error) {
    question.reply->Refuse(Fail(Reason::kInternal, error.what()));
  } catch (...) {
    question.reply->Refuse(Fail(Reason::kInternal, "the decision failed"));
  }
}

}  // namespace sigward::nri
