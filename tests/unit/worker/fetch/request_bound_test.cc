#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fetch_task_fixture.h"
#include "test_endpoint.h"

namespace sigward::worker {
namespace {

using base::Reason;
using ::testing::Contains;
using testing::FailsWith;
using testing::IsOk;
using ::testing::Le;
using ::testing::Pair;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

TEST(HttpClientAllow, BoundsWhatIsAsked) {
  ScriptedServer server;
  server.Serve("/x", "text/plain", "x");
  const Endpoint endpoint = testing::EndpointOf(server);
  const HttpRequest request{&endpoint, Url{endpoint.origin, "/x", ""}, HttpMethod::kGet, "*/*", 10};
  const std::vector<HttpRequest> four(4, request);
  const auto deadline = base::Deadline::After(std::chrono::seconds(10));
  HttpClient client;
  client.Allow(4);
  for (const auto& result : client.Perform(four, deadline)) {
    EXPECT_THAT(result, IsOk());
  }
  EXPECT_THAT(client.Perform({&request, 1}, deadline).front(), FailsWith(Reason::kTooLarge));
  client.Allow(3);
  EXPECT_THAT(client.Perform(four, deadline).back(), FailsWith(Reason::kTooLarge));
  EXPECT_EQ(client.requests(), 7U);
  EXPECT_THAT(server.requests(), SizeIs(7));
}

TEST(HttpClientAllow, CountsRedirects) {
  ScriptedServer server;
  server.On("/x", [](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: /y\r\n");
  });
  server.Serve("/y", "text/plain", "y");
  const Endpoint endpoint = testing::EndpointOf(server);
  const HttpRequest request{&endpoint, Url{endpoint.origin, "/x", ""}, HttpMethod::kGet, "*/*", 10};
  const auto deadline = base::Deadline::After(std::chrono::seconds(10));
  HttpClient client;
  client.Allow(2);
  EXPECT_THAT(client.Perform({&request, 1}, deadline).front(), IsOk());
  client.Allow(1);
  EXPECT_THAT(client.Perform({&request, 1}, deadline).front(), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(server.requests(), SizeIs(3));
}

class RequestBoundTest : public testing::FetchTaskTest {
 protected:
  /// Lists the most bundles that are looked at, which MIRRORS mirrors do not hold.
  void ServeBundles(std::size_t mirrors) {
    std::vector<std::string> listed;
    for (std::size_t i = 0; i < verifier::kMaxSignatures; ++i) {
      const std::string manifest = registry_.AddBundle("bundle " + std::to_string(i));
      listed.push_back(testing::DescriptorOf(manifest, testing::kManifestType));
    }
    registry_.ReferrersApi(image_, testing::IndexOf(listed));
    std::string hosts = "server = \"http://" + server_.host() + "\"\n";
    for (std::size_t i = 0; i < mirrors; ++i) {
      hosts += "[host.\"http://" + server_.host() + "/m" + std::to_string(i) + "\"]\n";
    }
    WriteHosts(hosts);
  }
};

TEST_F(RequestBoundTest, IsFarAboveWhatTheMostSignaturesNeed) {
  ServeBundles(2);
  const Seen seen = Evidence(image_, rpc::FetchQuestion::EVIDENCE, 60'000);
  EXPECT_THAT(seen.objects, SizeIs(2 * verifier::kMaxSignatures));
  EXPECT_THAT(seen.failures, ::testing::IsEmpty());
  EXPECT_THAT(seen.requests, Le(kMaxRequestsPerQuestion / 2));
}

TEST_F(RequestBoundTest, EndsAQuestionThatNeedsMore) {
  ServeBundles(16);
  const Seen seen = Evidence(image_, rpc::FetchQuestion::EVIDENCE, 60'000);
  EXPECT_EQ(seen.requests, kMaxRequestsPerQuestion);
  EXPECT_THAT(server_.requests(), SizeIs(kMaxRequestsPerQuestion));
  EXPECT_THAT(seen.failures, Contains(Pair(Reason::kTooLarge, ::testing::HasSubstr("requests"))));
  // The next question has its own.
  EXPECT_EQ(Evidence(image_, rpc::FetchQuestion::EVIDENCE, 60'000).requests,
            kMaxRequestsPerQuestion);
}

}  // namespace
}  // namespace sigward::worker
