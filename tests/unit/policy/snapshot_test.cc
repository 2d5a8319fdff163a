#include "policy/snapshot.h"

#include <gtest/gtest.h>

#include <string>

#include "result_matchers.h"
#include "signed_image.h"

namespace sigward::policy {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

TEST(SnapshotTest, NamesModesAndNoMatchRulesBothWays) {
  EXPECT_EQ(ModeFromWord("enforce"), Mode::kEnforce);
  EXPECT_EQ(ModeFromWord("warn"), Mode::kWarn);
  EXPECT_EQ(NoMatchFromWord("deny"), NoMatch::kDeny);
  EXPECT_EQ(NoMatchFromWord("warn"), NoMatch::kWarn);
  EXPECT_EQ(NoMatchFromWord("allow"), NoMatch::kAllow);
  for (const std::string word : {"", "Deny", "ENFORCE", "audit"}) {
    EXPECT_EQ(ModeFromWord(word), std::nullopt) << word;
    EXPECT_EQ(NoMatchFromWord(word), std::nullopt) << word;
  }
}

TEST(SnapshotTest, TakesNamesOfKubernetesForPolicies) {
  for (const std::string name : {"a", "require-signed", "a.b.c", "0", "x-1.y-2"}) {
    EXPECT_THAT(CheckPolicyName(name), IsOk()) << name;
  }
  for (const std::string name :
       {"", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", "a b", "a\n", "\xc3\xa9"}) {
    EXPECT_THAT(CheckPolicyName(name), FailsWith(Reason::kPolicyInvalid)) << name;
  }
  EXPECT_THAT(CheckPolicyName(std::string(63, 'a')), IsOk());
  EXPECT_THAT(CheckPolicyName(std::string(64, 'a')), FailsWith(Reason::kPolicyInvalid));
}

std::string NameOfLength(std::size_t length) {
  std::string name(length, 'a');
  for (std::size_t dot = 50; dot < length; dot += 50) {
    name[dot] = '.';
  }
  return name;
}

TEST(SnapshotTest, BoundsNamesMessagesUrlsAndKeys) {
  EXPECT_THAT(CheckPolicyName(NameOfLength(kMaxNameLength)), IsOk());
  EXPECT_THAT(CheckPolicyName(NameOfLength(kMaxNameLength + 1)), FailsWith(Reason::kTooLarge));
  EXPECT_THAT(CheckAuthorityName(std::string(kMaxNameLength, 'x')), IsOk());
  EXPECT_THAT(CheckAuthorityName(std::string(kMaxNameLength + 1, 'x')),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(CheckMessage(std::string(kMaxMessageLength, 'x')), IsOk());
  EXPECT_THAT(CheckMessage(std::string(kMaxMessageLength + 1, 'x')), FailsWith(Reason::kTooLarge));
  const std::string url = "https://log.example/";
  EXPECT_THAT(CheckTransparencyUrl(url + std::string(kMaxUrlLength - url.size(), 'x')), IsOk());
  EXPECT_THAT(CheckTransparencyUrl(url + std::string(kMaxUrlLength - url.size() + 1, 'x')),
              FailsWith(Reason::kTooLarge));
  const std::string pem = testing::SigningKey().Pem();
  EXPECT_THAT(KeyRule::Of(pem + std::string(verifier::kMaxPublicKeyPem - pem.size(), '\n'), {}),
              IsOk());
  EXPECT_THAT(KeyRule::Of(pem + std::string(verifier::kMaxPublicKeyPem - pem.size() + 1, '\n'), {}),
              FailsWith(Reason::kTooLarge));
}

TEST(SnapshotTest, RefusesAuthorityNamesThatBreakALine) {
  EXPECT_THAT(CheckAuthorityName("Release key 2026"), IsOk());
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string("\x1b[31m"),
                                  std::string("\xff"), std::string(1, '\0')}) {
    EXPECT_THAT(CheckAuthorityName(name), FailsWith(Reason::kPolicyInvalid));
  }
}

TEST(SnapshotTest, TakesWebAddressesForTheTransparencyLog) {
  for (const std::string url :
       {"https://rekor.sigstore.dev", "http://log.example:3000/api", "https://LOG.example/",
        "https://log.example/a//@:%41", "http://127.0.0.1:1", "https://[2001:db8::1]",
        "https://[::ffff:10.0.0.1]:65535/x", "https://a_b-c.example."}) {
    EXPECT_THAT(CheckTransparencyUrl(url), IsOk()) << url;
  }
  for (const std::string url : {"",
                                "rekor.sigstore.dev",
                                "https://",
                                "http:///x",
                                "https://:80",
                                "ftp://log.example",
                                "HTTPS://log.example",
                                "https://log example",
                                "https://log\n.example",
                                "https://?x",
                                "unix:///run/log",
                                "https:log.example",
                                "https://log.example:",
                                "https://log.example:0",
                                "https://log.example:65536",
                                "https://log.example:80x",
                                "https://log.example:-1",
                                "https://log.example:80:80",
                                "https://log%2eexample",
                                "https://log.example\\x",
                                "https://[::1",
                                "https://[]",
                                "https://[::1]x",
                                "https://[fe80::1%25eth0]",
                                "https://::1",
                                "https://[log]",
                                "https://log,example"}) {
    EXPECT_THAT(CheckTransparencyUrl(url), FailsWith(Reason::kPolicyInvalid)) << url;
  }
}

TEST(SnapshotTest, SaysWhatIsTooMuchInTheTransparencyLogsAddress) {
  const auto said = [](const char* url) { return CheckTransparencyUrl(url).error().detail; };
  for (const char* url : {"https://user@log.example", "https://user:word@log.example:1/x",
                          "https://log.example@", "https://@log.example"}) {
    EXPECT_EQ(said(url), "a URL with credentials in it") << url;
  }
  for (const char* url :
       {"https://log.example?x=1", "https://log.example/#x", "https://log.example/x?"}) {
    EXPECT_EQ(said(url), "a URL with more than host and path") << url;
  }
}

TEST(SnapshotTest, ReadsAKeyHoweverItIsWritten) {
  const testing::SigningKey key;
  const auto read = [](const std::string& pem) { return KeyRule::Of(pem, {}).value().fingerprint; };
  EXPECT_EQ(read(key.Pem()), read("\n" + key.Pem() + "\n"));
  EXPECT_NE(read(key.Pem()), read(testing::SigningKey().Pem()));
  EXPECT_THAT(KeyRule::Of("no key", {}), FailsWith(Reason::kPolicyInvalid));
}

Policy PolicyFor(const std::string& name, const std::vector<std::string>& globs) {
  Policy policy;
  policy.name = name;
  for (const std::string& glob : globs) {
    policy.globs.push_back(Glob::Parse(glob).value());
  }
  policy.authorities.push_back({"pass", StaticRule{.pass = true, .message = ""}});
  return policy;
}

TEST(SnapshotTest, SelectsEveryPolicyWithAGlobThatMatchesInOrderOfNames) {
  const std::string compiled = Compile(
      {
          PolicyFor("zebra", {"registry.example/**"}),
          PolicyFor("other", {"quay.io/**"}),
          PolicyFor("apple", {"nothing.example/*", "**"}),
      },
      NoMatch::kDeny, "");
  const auto snapshot = PolicySnapshot::Parse(compiled, 7).value();
  const verifier::Digest digest = verifier::Digest::Of(base::AsBytes("image"));
  const auto selected =
      snapshot->Select(verifier::ImageRef::Parse("registry.example/app").value(), digest);
  ASSERT_EQ(selected.size(), 2U);
  EXPECT_EQ(selected[0]->name, "apple");
  EXPECT_EQ(selected[1]->name, "zebra");
  EXPECT_EQ(snapshot->Select(verifier::ImageRef::Parse("x.example/app").value(), digest).size(),
            1U);
}

}  // namespace
}  // namespace sigward::policy
