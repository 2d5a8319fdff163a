#include "worker/fetch/url.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

#include "result_matchers.h"

namespace sigward::worker {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

TEST(ParseUrl, NormalisesWhatItTakes) {
  struct Row {
    const char* text;
    const char* expected;
    const char* port;
  };
  for (const Row& row : {
           Row{"https://Registry.Example", "https://registry.example", "443"},
           Row{"https://registry.example:443/", "https://registry.example", "443"},
           Row{"http://registry.example/v2/", "http://registry.example/v2/", "80"},
           Row{"http://[::1]:5000/v2", "http://[::1]:5000/v2", "5000"},
           Row{"https://registry.example/a?b=c", "https://registry.example/a?b=c", "443"},
           Row{"https://registry.example/a/../b", "https://registry.example/b", "443"},
           Row{"http://127.1:5000", "http://127.0.0.1:5000", "5000"},
           Row{"http://0x7f000001", "http://127.0.0.1", "80"},
       }) {
    const auto url = ParseUrl(row.text);
    ASSERT_THAT(url, IsOk()) << row.text;
    EXPECT_EQ(url->text(), row.expected);
    EXPECT_EQ(url->origin.port, row.port);
  }
}

TEST(ParseUrl, RefusesWhatIsNoPlainRegistryUrl) {
  for (const char* text :
       {"", "registry.example", "ftp://registry.example", "file:///etc/passwd", "https://",
        "https://user@registry.example", "https://user:word@registry.example", "https://a b",
        "gopher://x", "https://0x%7f.1/", "https://[fe80::1%25eth0]/", "https://r%2eexample/",
        "https://\xc3\xa4.example/"}) {
    EXPECT_THAT(ParseUrl(text), FailsWith(Reason::kMalformed)) << text;
  }
}

TEST(ParseUrl, BoundsTheLength) {
  const std::string start = "https://registry.example/";
  EXPECT_THAT(ParseUrl(start + std::string(kMaxUrlBytes - start.size(), 'a')), IsOk());
  EXPECT_THAT(ParseUrl(start + std::string(kMaxUrlBytes - start.size() + 1, 'a')),
              FailsWith(Reason::kMalformed));
}

TEST(IsLocalAddress, KnowsWhatOnlyMeansSomethingHere) {
  struct Row {
    const char* address;
    bool local;
  };
  for (const Row& row : {
           Row{"127.0.0.1", true},
           Row{"127.255.255.255", true},
           Row{"0.0.0.0", true},
           Row{"0.1.2.3", true},
           Row{"169.254.169.254", true},
           Row{"224.0.0.1", true},
           Row{"255.255.255.255", true},
           Row{"126.255.255.255", false},
           Row{"128.0.0.1", false},
           Row{"10.0.0.1", false},
           Row{"192.168.1.1", false},
           Row{"169.253.255.255", false},
           Row{"223.255.255.255", false},
           Row{"::1", true},
           Row{"::", true},
           Row{"fe80::1", true},
           Row{"febf::1", true},
           Row{"ff02::1", true},
           Row{"::ffff:127.0.0.1", true},
           Row{"::ffff:169.254.169.254", true},
           Row{"::127.0.0.1", true},
           Row{"64:ff9b::127.0.0.1", true},
           Row{"64:ff9b::169.254.169.254", true},
           Row{"::ffff:10.0.0.1", false},
           Row{"2001:db8::1", false},
           Row{"fd00::1", false},
           Row{"fec0::1", false},
       }) {
    sockaddr_storage storage{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    socklen_t size = 0;
    if (inet_pton(AF_INET, row.address, &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      size = sizeof *v4;
    } else {
      ASSERT_EQ(inet_pton(AF_INET6, row.address, &v6->sin6_addr), 1) << row.address;
      v6->sin6_family = AF_INET6;
      size = sizeof *v6;
    }
    EXPECT_EQ(IsLocalAddress(*reinterpret_cast<sockaddr*>(&storage), size), row.local)
        << row.address;
    const bool is_v6 = std::string(row.address).find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + std::string(row.address) + "]" : row.address;
    EXPECT_EQ(IsLocalHost(host), row.local) << host;
  }
}

TEST(IsLocalAddress, TakesNoOtherFamily) {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  EXPECT_TRUE(IsLocalAddress(address, sizeof address));
}

TEST(IsLocalHost, KnowsTheNameToo) {
  for (const char* host : {"localhost", "localhost.", "a.localhost"}) {
    EXPECT_TRUE(IsLocalHost(host) && IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"localhost.example", "notlocalhost", "registry.example", ""}) {
    EXPECT_FALSE(IsLocalHost(host) || IsLoopbackHost(host)) << host;
  }
  EXPECT_TRUE(IsLocalHost("169.254.169.254"));
  EXPECT_FALSE(IsLoopbackHost("169.254.169.254"));
  EXPECT_TRUE(IsLoopbackHost("[::1]"));
  EXPECT_TRUE(IsLoopbackHost("[::ffff:127.0.0.1]"));
  EXPECT_FALSE(IsLoopbackHost("[::]"));
}

TEST(CheckRedirect, LeadsOnlyWhereTheOperatorMeant) {
  struct Row {
    const char* from;
    const char* location;
    const char* expected;  // null: refused
  };
  for (const Row& row : {
           Row{"https://r.example/v2/a", "https://cdn.example/x?sig=1",
               "https://cdn.example/x?sig=1"},
           Row{"https://r.example/v2/a", "/v2/b", "https://r.example/v2/b"},
           Row{"https://r.example/v2/a", "b", "https://r.example/v2/b"},
           Row{"https://r.example/v2/a", "//cdn.example/b", "https://cdn.example/b"},
           Row{"https://r.example/v2/a", "http://cdn.example/x", nullptr},
           Row{"https://r.example/v2/a", "http://r.example/x", nullptr},
           Row{"https://r.example/v2/a", "ftp://cdn.example/x", nullptr},
           Row{"https://r.example/v2/a", "file:///etc/passwd", nullptr},
           Row{"https://r.example/v2/a", "https://user:word@cdn.example/", nullptr},
           Row{"https://r.example/v2/a", "https://127.0.0.1/x", nullptr},
           Row{"https://r.example/v2/a", "https://2130706433/x", nullptr},
           Row{"https://r.example/v2/a", "https://0177.1/x", nullptr},
           Row{"https://r.example/v2/a", "https://localhost/x", nullptr},
           Row{"https://r.example/v2/a", "https://[::1]/x", nullptr},
           Row{"https://r.example/v2/a", "https://[::ffff:7f00:1]/x", nullptr},
           Row{"https://r.example/v2/a", "https://[fe80::1%25eth0]/x", nullptr},
           Row{"https://r.example/v2/a", "https://169.254.169.254/latest/meta-data", nullptr},
           Row{"https://r.example/v2/a", "https://0.0.0.0/x", nullptr},
           Row{"http://r.example/v2/a", "http://cdn.example/x", "http://cdn.example/x"},
           Row{"http://r.example/v2/a", "http://127.0.0.1/x", nullptr},
           Row{"http://127.0.0.1:5000/v2", "http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"},
           Row{"https://localhost:5000/v2", "https://127.0.0.1/x", "https://127.0.0.1/x"},
           Row{"http://127.0.0.1:5000/v2", "http://169.254.169.254/latest/meta-data", nullptr},
           Row{"http://localhost:5000/v2", "http://[fe80::1]/x", nullptr},
           Row{"http://169.254.1.1:5000/v2", "http://127.0.0.1/x", nullptr},
           Row{"http://169.254.1.1:5000/v2", "http://169.254.169.254/x", nullptr},
           Row{"http://169.254.1.1:5000/v2", "http://169.254.1.1/x", "http://169.254.1.1/x"},
       }) {
    const auto from = ParseUrl(row.from);
    ASSERT_THAT(from, IsOk());
    const auto to = CheckRedirect(*from, row.location, from->origin);
    if (row.expected == nullptr) {
      EXPECT_FALSE(to.ok()) << row.location;
    } else {
      ASSERT_THAT(to, IsOk()) << row.location;
      EXPECT_EQ(to->text(), row.expected);
    }
  }
}

TEST(CheckRedirect, JudgesByTheRegistryAndNotByTheLastHop) {
  const auto hop = ParseUrl("http://cdn.example/x");
  const auto registry = ParseUrl("https://r.example");
  ASSERT_THAT(hop, IsOk());
  EXPECT_THAT(CheckRedirect(*hop, "http://cdn.example/y", registry->origin),
              FailsWith(Reason::kRegistryError));
}

TEST(NextLink, FindsTheNextPage) {
  struct Row {
    const char* header;
    const char* target;  // null: none
  };
  for (const Row& row : {
           Row{R"(</v2/a/referrers/x?last=1>; rel="next")", "/v2/a/referrers/x?last=1"},
           Row{R"(<https://r.example/p>; rel=next)", "https://r.example/p"},
           Row{R"(</first>; rel="first", </n>; rel="next")", "/n"},
           Row{R"(</n>; rel="next", </m>; rel="next")", "/n"},
           Row{R"(</n>; Rel = "Next")", "/n"},
           Row{R"(</n>; title="x"; rel="last next")", "/n"},
           Row{R"(</first>; rel="first")", nullptr},
           Row{R"(</n>; xrel="next"; rel="nextish"; title=next)", nullptr},
           Row{"", nullptr},
           Row{"<", nullptr},
           Row{">", nullptr},
           Row{"><", nullptr},
           Row{"rel=\"next\"", nullptr},
           Row{R"(</n; rel="next")", nullptr},
       }) {
    const auto link = NextLink(row.header);
    EXPECT_EQ(link, row.target != nullptr ? std::optional<std::string>(row.target) : std::nullopt)
        << row.header;
  }
}

}  // namespace
}  // namespace sigward::worker
