#include "worker/fetch/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "result_matchers.h"
#include "scripted_server.h"
#include "test_endpoint.h"

namespace sigward::worker {
namespace {

using base::Deadline;
using base::Reason;
using base::Result;
using std::chrono::milliseconds;
using testing::EndpointOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ScriptedServer;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;

constexpr std::size_t kCap = 1000;
constexpr milliseconds kPatience{5000};
/// What the kernel's buffers may take of a body that nobody reads.
constexpr std::uint64_t kInFlight = 8U << 20;

class HttpTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Ask(const std::string& path, HttpMethod method = HttpMethod::kGet,
                           milliseconds patience = kPatience) {
    const HttpRequest request{&endpoint_, Url{endpoint_.origin, path, ""}, method, "*/*", kCap};
    return std::move(client_.Perform({&request, 1}, Deadline::After(patience)).front());
  }

  ScriptedServer server_;
  Endpoint endpoint_ = EndpointOf(server_);
  HttpClient client_;
};

TEST_F(HttpTest, BringsBodyAndHeaders) {
  server_.On("/a", [](const ServedRequest& request, ServedReply& reply) {
    EXPECT_EQ(request.headers.at("accept"), "*/*");
    EXPECT_THAT(request.headers.at("user-agent"), ::testing::StartsWith("sigward/"));
    EXPECT_FALSE(request.headers.contains("accept-encoding"));
    reply.Send(200, "hello",
               "Content-Type: Text/Plain; charset=x\r\nDocker-Content-Digest: d\r\n"
               "Link: <a>; rel=\"x\"\r\nLink: <b>; rel=\"next\"\r\n");
  });
  const auto response = Ask("/a");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->media_type, "text/plain");
  EXPECT_EQ(response->content_digest, "d");
  EXPECT_EQ(NextLink(response->link), "b");
  EXPECT_EQ(client_.requests(), 1U);
}

TEST_F(HttpTest, TakesABodyAtTheCapAndNotOneByteMore) {
  server_.Serve("/max", "x/y", std::string(kCap, 'a'));
  server_.Serve("/more", "x/y", std::string(kCap + 1, 'a'));
  const auto at_cap = Ask("/max");
  ASSERT_THAT(at_cap, IsOk());
  EXPECT_EQ(at_cap->body.size(), kCap);
  EXPECT_THAT(Ask("/more"), FailsWith(Reason::kTooLarge));
}

TEST_F(HttpTest, StopsABodyWithoutEndAtTheCap) {
  for (const char* framing : {"", "Transfer-Encoding: chunked\r\n"}) {
    const bool chunked = *framing != '\0';
    server_.On("/endless", [framing, chunked](const ServedRequest&, ServedReply& reply) {
      const std::string piece(chunked ? "400\r\n" + std::string(1024, 'a') + "\r\n"
                                      : std::string(1024, 'a'));
      reply.Raw("HTTP/1.1 200 OK\r\n" + std::string(framing) + "\r\n");
      while (reply.Raw(piece)) {
      }
    });
    server_.Forget();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(Ask("/endless"), FailsWith(Reason::kTooLarge));
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2000));
    EXPECT_LT(server_.bytes_sent(), kInFlight);
  }
}

TEST_F(HttpTest, StopsReadingAtTheCapWhateverSizeIsAnnounced) {
  server_.On("/huge", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n" + std::string(kCap + 1, 'a'));
    std::this_thread::sleep_for(milliseconds(300));
  });
  EXPECT_THAT(Ask("/huge"), FailsWith(Reason::kTooLarge));
}

TEST_F(HttpTest, LeavesASlowBodyAtTheDeadline) {
  server_.On("/slow", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    while (reply.Raw("a")) {
      std::this_thread::sleep_for(milliseconds(100));
    }
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask("/slow", HttpMethod::kGet, milliseconds(400)), FailsWith(Reason::kTimeout));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(5000)) << "half of the body";
}

TEST_F(HttpTest, LeavesAServerThatSaysNothingAtTheDeadline) {
  std::promise<void> go;
  server_.On("/mute", [gone = go.get_future().share()](const ServedRequest&, ServedReply& reply) {
    gone.wait_for(2 * kPatience);
    reply.Raw("");
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask("/mute", HttpMethod::kGet, milliseconds(300)), FailsWith(Reason::kTimeout));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience);
  go.set_value();
}

TEST_F(HttpTest, TellsStatusesApart) {
  struct Row {
    int status;
    Reason reason;
  };
  for (const Row& row : {Row{401, Reason::kUnauthorized}, Row{403, Reason::kForbidden},
                         Row{404, Reason::kNotFound}, Row{429, Reason::kRateLimited},
                         Row{500, Reason::kRegistryError}, Row{503, Reason::kRegistryError},
                         Row{418, Reason::kRegistryError}, Row{206, Reason::kRegistryError},
                         Row{301, Reason::kRegistryError}, Row{304, Reason::kRegistryError}}) {
    server_.On("/s", [row](const ServedRequest&, ServedReply& reply) {
      reply.Send(row.status, row.status == 304 ? "" : "body");
    });
    for (const HttpMethod method : {HttpMethod::kGet, HttpMethod::kHead}) {
      const auto response = Ask("/s", method);
      ASSERT_THAT(response, IsOk()) << row.status;
      EXPECT_EQ(response->status, row.status);
      EXPECT_EQ(response->body, "");
      EXPECT_EQ(StatusError(response->status).reason, row.reason) << row.status;
    }
  }
}

TEST_F(HttpTest, KeepsAStatusWhoseBodyDoesNotEnd) {
  server_.On("/endless", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 404 Gone\r\n\r\n");
    while (reply.Raw(std::string(4096, 'a'))) {
    }
  });
  server_.Forget();
  const auto response = Ask("/endless");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 404);
  EXPECT_LT(server_.bytes_sent(), kInFlight);
}

TEST_F(HttpTest, BoundsTheHeader) {
  server_.On("/headers", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\n");
    while (reply.Raw("X-Filler: " + std::string(1000, 'a') + "\r\n")) {
    }
  });
  server_.On("/interim", [](const ServedRequest&, ServedReply& reply) {
    while (reply.Raw("HTTP/1.1 103 Early Hints\r\nX-Filler: a\r\n\r\n")) {
    }
  });
  for (const char* path : {"/headers", "/interim"}) {
    server_.Forget();
    const auto response = Ask(path);
    ASSERT_THAT(response, FailsWith(Reason::kTooLarge)) << path;
    EXPECT_THAT(response.error().detail, HasSubstr("header"));
    EXPECT_LT(server_.bytes_sent(), kInFlight);
  }
}

TEST_F(HttpTest, TellsTransportFailuresApart) {
  server_.On("/close", [](const ServedRequest&, ServedReply& reply) { reply.Raw(""); });
  server_.On("/half", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  server_.On("/noise",
             [](const ServedRequest&, ServedReply& reply) { reply.Raw("hello\r\n\r\n"); });
  EXPECT_THAT(Ask("/close"), FailsWith(Reason::kUnreachable));
  EXPECT_THAT(Ask("/half"), FailsWith(Reason::kUnreachable));
  EXPECT_THAT(Ask("/noise"), FailsWith(Reason::kRegistryError));
  {
    const ScriptedServer gone;
    endpoint_ = EndpointOf(gone);
  }
  EXPECT_THAT(Ask("/a"), FailsWith(Reason::kUnreachable));
  endpoint_.origin.host = "no-such-host.invalid";
  EXPECT_THAT(Ask("/a"), FailsWith(Reason::kUnreachable));
}

TEST_F(HttpTest, KeepsConnectionsBetweenBatches) {
  server_.Serve("/a", "x/y", "a");
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Ask("/a"), IsOk());
    EXPECT_THAT(Ask("/missing"), IsOk());
  }
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(HttpTest, AsksInParallelOverABoundedNumberOfConnections) {
  server_.On("/slow", [](const ServedRequest&, ServedReply& reply) {
    std::this_thread::sleep_for(milliseconds(100));
    reply.Send(200, "a");
  });
  const HttpRequest request{&endpoint_, Url{endpoint_.origin, "/slow", ""}, HttpMethod::kGet, "*/*",
                            kCap};
  const std::vector<HttpRequest> requests(4 * kMaxConnectionsPerHost, request);
  const auto start = std::chrono::steady_clock::now();
  const auto responses = client_.Perform(requests, Deadline::After(kPatience));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1500));
  for (const auto& response : responses) {
    EXPECT_THAT(response, IsOk());
  }
  EXPECT_LE(server_.connections(), static_cast<std::size_t>(kMaxConnectionsPerHost));
}

TEST_F(HttpTest, FollowsRedirectsWithoutGivingSecretsAway) {
  ScriptedServer other;
  bool home_saw = false;
  bool other_saw = false;
  endpoint_.headers = {"Authorization: Basic c2VjcmV0"};
  server_.On("/start", [](const ServedRequest&, ServedReply& reply) {
    reply.Send(307, "", "Location: /next\r\n");
  });
  server_.On("/next", [&](const ServedRequest& request, ServedReply& reply) {
    home_saw = request.headers.contains("authorization");
    reply.Send(302, "", "Location: http://" + other.host() + "/blob?token=x\r\n");
  });
  other.On("/blob", [&](const ServedRequest& request, ServedReply& reply) {
    other_saw = request.headers.contains("authorization");
    reply.Send(200, "content");
  });
  const auto response = Ask("/start");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "content");
  EXPECT_TRUE(home_saw);
  EXPECT_FALSE(other_saw);
  EXPECT_EQ(client_.requests(), 3U);
  EXPECT_THAT(other.requests(), ::testing::ElementsAre("GET /blob?token=x"));
}

TEST_F(HttpTest, ShowsNoHeaderWhereARedirectLeadsBackFromElsewhere) {
  ScriptedServer other;
  endpoint_.headers = {"Authorization: Basic c2VjcmV0"};
  server_.On("/start", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(307, "", "Location: http://" + other.host() + "/away\r\n");
  });
  other.On("/away", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(307, "", "Location: http://" + server_.host() + "/back\r\n");
  });
  std::string shown = "nothing yet";
  server_.On("/back", [&](const ServedRequest& request, ServedReply& reply) {
    shown = request.Header("authorization");
    reply.Send(200, "content");
  });
  EXPECT_THAT(Ask("/start"), IsOk());
  EXPECT_EQ(shown, "");
}

TEST_F(HttpTest, APageThatComesWithARedirectIsNotTheContent) {
  server_.Serve("/blob", "x/y", "content");
  // Shorter and longer than what is read of pages that nobody wants; both beyond what is asked for.
  for (const std::size_t size : {kCap + 1, kMaxUnwantedBody + 1}) {
    server_.On("/start", [size](const ServedRequest&, ServedReply& reply) {
      reply.Send(307, std::string(size, 'p'), "Location: /blob\r\n");
    });
    const auto response = Ask("/start");
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->body, "content");
  }
}

TEST_F(HttpTest, FollowsThreeRedirectsAndNotFour) {
  for (int i = 0; i < 5; ++i) {
    const std::string next = "/" + std::to_string(i + 1);
    server_.On("/" + std::to_string(i), [next](const ServedRequest&, ServedReply& reply) {
      reply.Send(302, "", "Location: " + next + "\r\n");
    });
  }
  server_.Serve("/5", "x/y", "end");
  EXPECT_THAT(Ask("/2"), IsOk());
  const auto too_far = Ask("/1");
  ASSERT_THAT(too_far, FailsWith(Reason::kRegistryError));
  EXPECT_THAT(too_far.error().detail, HasSubstr("redirected"));
}

TEST_F(HttpTest, ConnectsToNoLocalAddressThatTheOperatorDidNotMean) {
  server_.Serve("/a", "x/y", "secret");
  endpoint_.may_be_local = false;
  const auto response = Ask("/a");
  ASSERT_THAT(response, FailsWith(Reason::kUnreachable));
  EXPECT_THAT(response.error().detail, HasSubstr("loopback"));
  EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(HttpTest, UsesNoKeptConnectionToALocalAddressThatItMayNotOpen) {
  server_.Serve("/a", "x/y", "secret");
  ASSERT_THAT(Ask("/a"), IsOk());
  server_.Forget();
  endpoint_.may_be_local = false;
  const auto response = Ask("/a");
  ASSERT_THAT(response, FailsWith(Reason::kUnreachable));
  EXPECT_THAT(response.error().detail, HasSubstr("loopback"));
  EXPECT_THAT(server_.requests(), ::testing::IsEmpty());
}

TEST_F(HttpTest, FollowsNoRedirectFromOutsideToTheMachineItself) {
  const std::string outward = testing::OutwardAddress();
  if (outward.empty()) {
    GTEST_SKIP() << "this machine has loopback addresses only";
  }
  ScriptedServer outside(nullptr, outward);
  server_.Serve("/metadata", "x/y", "secret");
  endpoint_ = EndpointOf(outside);
  for (const std::string& host : {"127.0.0.1:" + server_.port(), "localhost:" + server_.port(),
                                  "[::ffff:127.0.0.1]:" + server_.port()}) {
    outside.On("/a", [host](const ServedRequest&, ServedReply& reply) {
      reply.Send(302, "", "Location: http://" + host + "/metadata\r\n");
    });
    EXPECT_THAT(Ask("/a"), FailsWith(Reason::kRegistryError)) << host;
  }
  EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(HttpTest, TakesANameFromALoopbackRegistryForNoLocalHost) {
  const std::string name = testing::LoopbackName();
  if (name.empty()) {
    GTEST_SKIP() << "no name but localhost leads to a loopback address";
  }
  ScriptedServer other;
  other.Serve("/metadata", "x/y", "secret");
  server_.On("/a", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: http://" + name + ":" + other.port() + "/metadata\r\n");
  });
  EXPECT_THAT(Ask("/a"), FailsWith(Reason::kUnreachable));
  EXPECT_EQ(other.connections(), 0U);
}

TEST_F(HttpTest, ReusesNoConnectionOfAnotherForARedirect) {
  const std::string outward = testing::OutwardAddress();
  if (outward.empty()) {
    GTEST_SKIP() << "this machine has loopback addresses only";
  }
  ScriptedServer outside(nullptr, outward);
  outside.Serve("/a", "x/y", "a");
  server_.On("/to", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: http://" + outside.host() + "/a\r\n");
  });
  Endpoint other = EndpointOf(outside);
  const HttpRequest direct{&other, Url{other.origin, "/a", ""}, HttpMethod::kGet, "*/*", kCap};
  EXPECT_THAT(client_.Perform({&direct, 1}, Deadline::After(kPatience)).front(), IsOk());
  EXPECT_THAT(Ask("/to"), IsOk());
  EXPECT_EQ(outside.connections(), 2U);
}

class TlsTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Ask() {
    const HttpRequest request{&endpoint_, Url{endpoint_.origin, "/a", ""}, HttpMethod::kGet, "*/*",
                              kCap};
    return std::move(client_.Perform({&request, 1}, Deadline::After(kPatience)).front());
  }
  void SetUp() override { server_.Serve("/a", "x/y", "a"); }

  testing::TestPki pki_ = testing::MakeTestPki();
  ScriptedServer server_{&pki_};
  Endpoint endpoint_ = EndpointOf(server_, "https");
  HttpClient client_;
};

TEST_F(TlsTest, TrustsTheAuthorityOfTheConfiguration) {
  endpoint_.ca_pem = pki_.ca_pem;
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(TlsTest, TrustsNobodyElse) {
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
  endpoint_.ca_pem = testing::MakeTestPki().ca_pem;
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
  EXPECT_THAT(server_.requests(), SizeIs(0));
}

TEST_F(TlsTest, ComparesTheName) {
  endpoint_.ca_pem = pki_.ca_pem;
  endpoint_.origin.host = "localhost";
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
}

TEST_F(TlsTest, SkipsVerificationOnlyWhereSaid) {
  endpoint_.insecure = InsecureTransport::kUnverifiedTls;
  EXPECT_THAT(Ask(), IsOk());
  // The connection that was not verified is not used for a question that demands it.
  endpoint_.insecure.reset();
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
}

TEST_F(TlsTest, VerifiesWhereARedirectLeadsAlsoWhenTheRegistryIsNot) {
  const testing::TestPki other_pki = testing::MakeTestPki();
  ScriptedServer other(&other_pki);
  other.Serve("/b", "x/y", "b");
  server_.On("/a", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: https://" + other.host() + "/b\r\n");
  });
  endpoint_.insecure = InsecureTransport::kUnverifiedTls;
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
  EXPECT_THAT(other.requests(), SizeIs(0));
}

TEST_F(TlsTest, FollowsNoRedirectToPlainHttp) {
  ScriptedServer plain;
  server_.On("/a", [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(302, "", "Location: http://" + plain.host() + "/b\r\n");
  });
  endpoint_.ca_pem = pki_.ca_pem;
  EXPECT_THAT(Ask(), FailsWith(Reason::kRegistryError));
  EXPECT_EQ(plain.connections(), 0U);
}

TEST_F(TlsTest, SpeaksNoHttpToATlsPortNorTlsToAnHttpPort) {
  endpoint_ = EndpointOf(server_, "http");
  EXPECT_FALSE(Ask().ok());
  const ScriptedServer plain;
  endpoint_ = EndpointOf(plain, "https");
  EXPECT_THAT(Ask(), FailsWith(Reason::kTlsFailed));
}

}  // namespace
}  // namespace sigward::worker
