// Each bound of a trusted root at its greatest value, and one beyond.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/trusted_root_json.h"
#include "result_matchers.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::AuthorityJson;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::RootJson;

base::Result<TrustRoot> Parse(const Json& json) {
  return TrustRoot::Parse(base::AsBytes(json.dump()));
}

TEST(TrustedRootLimitsTest, Bytes) {
  std::string text = RootJson().dump();
  text.resize(kMaxTrustedRootBytes, ' ');
  EXPECT_THAT(TrustRoot::Parse(base::AsBytes(text)), IsOk());
  EXPECT_THAT(TrustRoot::Parse(base::AsBytes(text + " ")), FailsWith(Reason::kTooLarge));
}

TEST(TrustedRootLimitsTest, Instances) {
  for (const char* name : {"tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"}) {
    Json root = RootJson();
    const Json one = root[name][0];
    while (root[name].size() < kMaxTrustInstances) {
      root[name].push_back(one);
    }
    EXPECT_THAT(Parse(root), IsOk()) << name;
    root[name].push_back(one);
    EXPECT_THAT(Parse(root), FailsWith(Reason::kTooLarge)) << name;
  }
}

TEST(TrustedRootLimitsTest, Texts) {
  const std::string longest(kMaxTrustText, 'x');
  for (const char* member : {"/tlogs/0/baseUrl", "/tlogs/0/operator", "/ctlogs/0/baseUrl",
                             "/certificateAuthorities/0/uri", "/certificateAuthorities/0/operator",
                             "/certificateAuthorities/0/subject/organization",
                             "/timestampAuthorities/0/subject/commonName"}) {
    Json root = RootJson();
    root[Json::json_pointer(member)] = longest;
    EXPECT_THAT(Parse(root), IsOk()) << member;
    root[Json::json_pointer(member)] = longest + "x";
    EXPECT_THAT(Parse(root), FailsWith(Reason::kTooLarge)) << member;
  }
}

TEST(TrustedRootLimitsTest, ChainLength) {
  const sigward::testing::PrivateAuthority authority;
  // A self-signed certificate is its own issuer, any number of times.
  const auto with = [&](std::size_t length) {
    Json root = RootJson();
    root["certificateAuthorities"] =
        Json::array({AuthorityJson(std::vector<base::ByteView>(length, authority.root().der()))});
    return Parse(root);
  };
  EXPECT_THAT(with(kMaxChainLength), IsOk());
  EXPECT_THAT(with(kMaxChainLength + 1), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
