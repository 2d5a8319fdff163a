#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/client/credential_source.h"

namespace sigward::testing {

/// Answers with what a test gives, and notes who asked.
class FakeCredentials final : public worker::CredentialSource {
 public:
  using Answer = base::Result<std::optional<worker::Credential>>;

  base::Result<std::optional<worker::Credential>> Find(const std::string& host,
                                                       const std::string& repository, bool refused,
                                                       const base::Deadline&) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(host + " " + repository + (refused ? " refused" : ""));
    return refused && after_refusal_.has_value() ? *after_refusal_ : answer_;
  }

  void Give(Answer answer) { answer_ = std::move(answer); }
  void GivePassword(const std::string& user, const std::string& password) {
    answer_ = WithPassword(user, password);
  }
  void GiveAfterRefusal(Answer answer) { after_refusal_ = std::move(answer); }
  const std::vector<std::string>& asked() const { return asked_; }

  static std::optional<worker::Credential> WithPassword(const std::string& user,
                                                        const std::string& password) {
    worker::Credential credential;
    credential.username = user;
    credential.password = password;
    return credential;
  }

 private:
  std::mutex mutex_;
  Answer answer_ = std::optional<worker::Credential>();
  std::optional<Answer> after_refusal_;
  std::vector<std::string> asked_;
};

}  // namespace sigward::testing
