#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/bytes.h"
#include "fake_credentials.h"
#include "fetch_task_fixture.h"

namespace sigward::testing {

inline constexpr const char* kSecret = "s3cr3t-pa55";

inline std::string Basic(const std::string& user, const std::string& password) {
  return "Basic " + base::EncodeBase64(base::AsBytes(user + ":" + password));
}

/// A registry that wants to be shown who asks.
class AuthorizationTest : public FetchTaskTest {
 protected:
  AuthorizationTest() {
    context_.authorization.credentials = &credentials_;
    registry_.SignLegacy(image_, "payload");
  }

  /// Lets only what ACCEPTS says is shown well come to the registry's routes.
  void Want(const std::string& challenge, std::function<bool(const std::string&)> accepts) {
    server_.Before([=, this](const ServedRequest& request, ServedReply& reply) {
      if (!request.target.starts_with("/v2/") || accepts(request.Header("authorization"))) {
        return false;
      }
      ++refusals_;
      reply.Send(401, "{}", "WWW-Authenticate: " + challenge + "\r\n");
      return true;
    });
  }
  void WantBasic(const std::string& user, const std::string& password) {
    Want("Basic realm=\"here\"",
         [value = Basic(user, password)](const std::string& shown) { return shown == value; });
  }
  void WantToken(const std::string& realm) {
    Want("Bearer realm=\"" + realm + "\",service=\"registry\",scope=\"repository:app:pull\"",
         [this](const std::string& shown) {
           return !token_.empty() && shown == "Bearer " + token_;
         });
  }
  std::string RealmAt(const ScriptedServer& server) const {
    return "http://" + server.host() + "/token";
  }
  /// SERVER gives out a new token for each request that MAY have one; others get 401.
  void GiveTokens(ScriptedServer& server, std::function<bool(const ServedRequest&)> may,
                  const std::string& more = "") {
    server.On("/token", [=, this](const ServedRequest& request, ServedReply& reply) {
      token_requests_.push_back(request);
      if (!may(request)) {
        reply.Send(401, "{}");
        return;
      }
      token_ = "t0k3n-" + std::to_string(token_requests_.size());
      reply.Send(200, "{\"token\":\"" + token_ + "\"" + more + "}");
    });
  }
  static bool Anybody(const ServedRequest&) { return true; }

  void ExpectNoSecretIn(const Seen& seen) {
    for (const auto& [reason, detail] : seen.failures) {
      EXPECT_THAT(detail, ::testing::Not(::testing::HasSubstr(kSecret)));
      EXPECT_THAT(detail, ::testing::Not(::testing::HasSubstr("t0k3n")));
      EXPECT_THAT(detail, ::testing::Not(::testing::HasSubstr(
                              base::EncodeBase64(base::AsBytes(kSecret)).substr(0, 8))));
    }
  }
  void ExpectAnswered(const Seen& seen) {
    EXPECT_THAT(seen.objects, ::testing::SizeIs(2));
    EXPECT_THAT(seen.failures, ::testing::IsEmpty());
  }
  static std::string DetailOf(const Seen& seen) {
    return seen.failures.empty() ? "" : seen.failures.front().second;
  }
  /// The one reason that everything failed for.
  base::Reason ExpectRefused(const Seen& seen) {
    EXPECT_THAT(seen.objects, ::testing::IsEmpty());
    EXPECT_THAT(seen.failures, ::testing::SizeIs(1));
    ExpectNoSecretIn(seen);
    return seen.failures.empty() ? base::Reason::kInternal : seen.failures.front().first;
  }

  FakeCredentials credentials_;
  std::string token_;
  std::vector<ServedRequest> token_requests_;
  std::atomic<int> refusals_{0};
};

}  // namespace sigward::testing
