#include "verifier/image_ref.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

const std::string kHex(64, 'b');
const std::string kDigest = "sha256:" + kHex;
const std::string kSha512 = "sha512:" + std::string(128, 'c');

struct Written {
  std::string written;
  std::string normal;
};

const Written kNormalised[] = {
    // Docker Hub and its short forms.
    {"nginx", "docker.io/library/nginx:latest"},
    {"nginx:1.27", "docker.io/library/nginx:1.27"},
    {"nginx@" + kDigest, "docker.io/library/nginx@" + kDigest},
    {"nginx:1.27@" + kDigest, "docker.io/library/nginx@" + kDigest},
    {"nginx@" + kSha512, "docker.io/library/nginx@" + kSha512},
    {"library/nginx", "docker.io/library/nginx:latest"},
    {"docker.io/nginx", "docker.io/library/nginx:latest"},
    {"docker.io/library/nginx", "docker.io/library/nginx:latest"},
    {"docker.io/nginx:v1@" + kDigest, "docker.io/library/nginx@" + kDigest},
    {"index.docker.io/nginx", "docker.io/library/nginx:latest"},
    {"index.docker.io/grafana/grafana:11", "docker.io/grafana/grafana:11"},
    {"grafana/grafana", "docker.io/grafana/grafana:latest"},
    {"a/b/c/d", "docker.io/a/b/c/d:latest"},
    {"registry-1.docker.io/library/nginx", "registry-1.docker.io/library/nginx:latest"},
    {"localhost", "docker.io/library/localhost:latest"},
    {"localhost:5000", "docker.io/library/localhost:5000"},
    {"foo:5000", "docker.io/library/foo:5000"},
    {kHex + ":v1", "docker.io/library/" + kHex + ":v1"},
    {"foo/" + kHex, "docker.io/foo/" + kHex + ":latest"},
    {kHex.substr(1), "docker.io/library/" + kHex.substr(1) + ":latest"},
    // Other registries.
    {"localhost/x", "localhost/x:latest"},
    {"localhost:5000/x", "localhost:5000/x:latest"},
    {"localhost:5000/x:v1", "localhost:5000/x:v1"},
    {"foo.bar/x", "foo.bar/x:latest"},
    {"foo:5000/x", "foo:5000/x:latest"},
    {"127.0.0.1/app", "127.0.0.1/app:latest"},
    {"127.0.0.1:5055/app:v1@" + kDigest, "127.0.0.1:5055/app@" + kDigest},
    {"registry.example/team/app:v1.2.3-rc.1_x", "registry.example/team/app:v1.2.3-rc.1_x"},
    {"registry.example:443/app", "registry.example:443/app:latest"},
    {"registry.example:65535/app", "registry.example:65535/app:latest"},
    {"xn--bcher-kva.example/app", "xn--bcher-kva.example/app:latest"},
    {"a-b.c--d.e/x", "a-b.c--d.e/x:latest"},
    {"[::1]:5000/x", "[::1]:5000/x:latest"},
    {"[::1]/x:v", "[::1]/x:v"},
    {"[2001:db8::1]:5000/team/app@" + kDigest, "[2001:db8::1]:5000/team/app@" + kDigest},
    {"[2001:DB8::A]/x", "[2001:db8::a]/x:latest"},
    {"quay.io/a_b/c__d/e-f/g--h/i.j", "quay.io/a_b/c__d/e-f/g--h/i.j:latest"},
    {"ghcr.io/org/0app0", "ghcr.io/org/0app0:latest"},
    {"foo.bar/x:UPPER", "foo.bar/x:UPPER"},
    {"foo.bar/x:_", "foo.bar/x:_"},
    {"foo.bar/x:" + std::string(128, 't'), "foo.bar/x:" + std::string(128, 't')},
    {"foo.bar/" + std::string(255, 'r'), "foo.bar/" + std::string(255, 'r') + ":latest"},
    // One repository has one name: hosts go into lower case.
    {"Registry.Example/app", "registry.example/app:latest"},
    {"REGISTRY:5000/app", "registry:5000/app:latest"},
    {"LOCALHOST/app", "localhost/app:latest"},
    {"DOCKER.IO/library/nginx", "docker.io/library/nginx:latest"},
    {"Index.Docker.io/library/nginx", "docker.io/library/nginx:latest"},
};

TEST(ImageRefTest, NormalisesAsContainerdDoes) {
  static_assert(std::size(kNormalised) >= 40);
  for (const auto& c : kNormalised) {
    const base::Result<ImageRef> ref = ImageRef::Parse(c.written);
    ASSERT_THAT(ref, IsOk()) << c.written;
    EXPECT_EQ(ref->text(), c.normal) << c.written;
    EXPECT_NE(ref->tag().has_value(), ref->digest().has_value()) << c.written;
    const base::Result<ImageRef> again = ImageRef::Parse(ref->text());
    ASSERT_THAT(again, IsOk()) << c.written;
    EXPECT_TRUE(*again == *ref) << c.written;
  }
}

const std::string kRefused[] = {
    "",
    ":",
    "@",
    "/",
    ":tag",
    "@" + kDigest,
    "nginx:",
    "nginx@",
    "nginx:@" + kDigest,
    "nginx@" + kDigest + ":tag",
    "nginx@sha256:abc",
    "nginx@" + kDigest + "b",
    "nginx@sha256:" + std::string(64, 'B'),
    "nginx@md5:" + std::string(32, 'b'),
    "nginx@sha384:" + std::string(96, 'b'),
    "nginx@" + kDigest + "@" + kDigest,
    kHex,
    "Nginx",
    "library/Nginx",
    "foo.bar/App",
    "foo.bar/team/App",
    "foo.bar/",
    "foo.bar//x",
    "foo.bar/x/",
    "/x",
    "foo.bar/.x",
    "foo.bar/x.",
    "foo.bar/x..y",
    "foo.bar/_x",
    "foo.bar/x_",
    "foo.bar/x___y",
    "foo.bar/x._y",
    "foo.bar/-x",
    "foo.bar/x-",
    "foo.bar/../x",
    "foo.bar/x y",
    "foo.bar/x\n",
    "foo.bar/x:" + std::string(129, 't'),
    "foo.bar/x:.t",
    "foo.bar/x:-t",
    "foo.bar/x:t/u",
    "foo.bar/x:t:u",
    "foo.bar/x:\xc3\xbc",
    "f\xc3\xbc.bar/x",
    "foo.bar/" + std::string(256, 'r'),
    "-foo.bar/x",
    "foo-.bar/x",
    "foo..bar/x",
    "foo.bar./x",
    ".foo.bar/x",
    "foo_bar.baz/x",
    "foo.bar:/x",
    "foo.bar:port/x",
    "foo.bar:50a/x",
    "::1/x",
    "[::1/x",
    "::1]/x",
    "[]/x",
    "[::1]5000/x",
    "[::1]:/x",
    "[fe80::1%eth0]/x",
    "[::ffff:1.2.3.4]/x",
    "[g::1]/x",
    "https://foo.bar/x",
    "foo.bar/x?y",
    "foo.bar/x#y",
    "user@foo.bar/x",
    std::string("foo.bar/x\0y", 11),
};

TEST(ImageRefTest, RefusesWhatContainerdRefuses) {
  for (const std::string& text : kRefused) {
    EXPECT_THAT(ImageRef::Parse(text), FailsWith(Reason::kInvalidReference)) << text;
  }
}

// Containerd takes these. They would give one repository two names, so that a policy for one of
// them could be passed by with the other.
TEST(ImageRefTest, RefusesSecondNames) {
  const std::string kCases[] = {"DOCKER.IO/nginx", "Index.docker.io/nginx", "Foo/bar",
                                "foo.bar:05000/x", "foo.bar:0/x",           "foo.bar:65536/x",
                                "foo.bar:123456/x"};
  for (const std::string& text : kCases) {
    EXPECT_THAT(ImageRef::Parse(text), FailsWith(Reason::kInvalidReference)) << text;
  }
}

TEST(ImageRefTest, BoundsTheWholeText) {
  EXPECT_THAT(ImageRef::Parse(std::string(kMaxReferenceLength, 'a')),
              FailsWith(Reason::kInvalidReference));
  EXPECT_THAT(ImageRef::Parse(std::string(kMaxReferenceLength + 1, 'a')),
              FailsWith(Reason::kTooLarge));
}

TEST(ImageRefTest, NamesItsParts) {
  const base::Result<ImageRef> ref = ImageRef::Parse("[::1]:5000/team/app:v1");
  ASSERT_THAT(ref, IsOk());
  EXPECT_EQ(ref->registry(), "[::1]:5000");
  EXPECT_EQ(ref->repository(), "team/app");
  EXPECT_EQ(ref->tag(), "v1");
  EXPECT_EQ(ref->digest(), std::nullopt);
  EXPECT_EQ(ref->name(), "[::1]:5000/team/app");
  EXPECT_EQ(ref->pinned(Digest::Parse(kDigest).value()), "[::1]:5000/team/app@" + kDigest);
}

TEST(ImageRefTest, ErrorsStayOnOneBoundedLine) {
  const base::Result<ImageRef> ref = ImageRef::Parse("foo.bar/x\x1b[2J\n" + std::string(3000, 'x'));
  ASSERT_FALSE(ref.ok());
  EXPECT_EQ(ref.error().detail.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(ref.error().detail.size(), 400U);
}

}  // namespace
}  // namespace sigward::verifier
