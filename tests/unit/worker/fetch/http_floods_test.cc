#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/clock.h"
#include "result_matchers.h"
#include "scripted_server.h"
#include "test_endpoint.h"
#include "worker/fetch/http.h"

// What libcurl takes in without handing it on: nothing but its bounds here stops a server that
// sends it.

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

constexpr std::size_t kCap = 1000;
/// What the kernel's buffers may take of a body that nobody reads, and libcurl in one go.
constexpr std::uint64_t kInFlight = 8U << 20;

class HttpFloodsTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Ask(const std::string& path) {
    const HttpRequest request{&endpoint_, Url{endpoint_.origin, path, ""}, HttpMethod::kGet, "*/*",
                              kCap};
    return std::move(client_.Perform({&request, 1}, Deadline::After(milliseconds(20000))).front());
  }

  ScriptedServer server_;
  Endpoint endpoint_ = EndpointOf(server_);
  HttpClient client_;
};

TEST_F(HttpFloodsTest, BoundsTheExtensionOfAChunk) {
  for (const char* status : {"200 OK", "404 Not Found"}) {
    server_.On("/chunk", [status](const ServedRequest&, ServedReply& reply) {
      reply.Raw("HTTP/1.1 " + std::string(status) + "\r\nTransfer-Encoding: chunked\r\n\r\n1;x=");
      const std::string piece(64U << 10, 'x');
      while (reply.Raw(piece)) {
      }
    });
    server_.Forget();
    const auto response = Ask("/chunk");
    if (response.ok()) {
      EXPECT_EQ(response->status, 404);
    } else {
      EXPECT_THAT(response, FailsWith(Reason::kTooLarge));
    }
    EXPECT_LT(server_.bytes_sent(), kInFlight) << status;
  }
}

TEST_F(HttpFloodsTest, TakesABodyInTheSmallestChunks) {
  server_.On("/small", [](const ServedRequest&, ServedReply& reply) {
    std::string body;
    for (std::size_t i = 0; i < kCap; ++i) {
      body += "1\r\na\r\n";
    }
    reply.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n");
  });
  const auto response = Ask("/small");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, std::string(kCap, 'a'));
}

TEST_F(HttpFloodsTest, BoundsOneLineOfTheHeader) {
  server_.On("/line", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nX-Filler: ");
    const std::string piece(64U << 10, 'x');
    while (reply.Raw(piece)) {
    }
  });
  server_.Forget();
  const auto response = Ask("/line");
  ASSERT_THAT(response, FailsWith(Reason::kTooLarge));
  EXPECT_THAT(response.error().detail, HasSubstr("header"));
  EXPECT_LT(server_.bytes_sent(), kInFlight);
}

TEST_F(HttpFloodsTest, BoundsTheTrailers) {
  server_.On("/trailers", [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n");
    while (reply.Raw("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  server_.Forget();
  EXPECT_THAT(Ask("/trailers"), FailsWith(Reason::kTooLarge));
  EXPECT_LT(server_.bytes_sent(), kInFlight);
}

}  // namespace
}  // namespace sigward::worker
