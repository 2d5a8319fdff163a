#include "verifier/certificate/sct.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/ct_log.h"
#include "private_sigstore/der_writer.h"
#include "result_matchers.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::ByteView;
using base::Reason;
using sigward::testing::CertificatePlan;
using sigward::testing::CtLog;
using sigward::testing::Element;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::Joined;
using sigward::testing::kSigningTime;
using sigward::testing::LeafPlan;
using sigward::testing::PrivateAuthority;
using sigward::testing::PromisedBy;
using sigward::testing::Refuses;
using sigward::testing::SctListOf;
using sigward::testing::SctPlan;
using sigward::testing::TestKey;

using namespace std::chrono_literals;

using MakeList = std::function<ByteBuffer(ByteView tbs, ByteView issuer_spki)>;

const PrivateAuthority& Authority() {
  static const PrivateAuthority authority;
  return authority;
}

const CtLog& Log() {
  static const CtLog log(TestKey::Shared(KeyType::kEcdsaP256));
  return log;
}

const CtLog& OtherLog() {
  static const CtLog log(TestKey::Shared(KeyType::kEcdsaP384));
  return log;
}

VerifiedChain ChainOf(const Certificate& leaf) {
  static const std::vector<CertificateAuthority> trusted = {Authority().trusted()};
  ChainMemory memory;
  return std::move(VerifyChain(leaf, {}, trusted, std::vector<Time>{kSigningTime}, memory)).value();
}

VerifiedChain ChainWith(MakeList make_list) {
  CertificatePlan plan = LeafPlan();
  plan.sct_list = std::move(make_list);
  return ChainOf(Authority().Issue(plan));
}

base::Result<VerifiedScts> Verify(MakeList make_list, const std::vector<TransparencyLog>& logs,
                                  std::size_t threshold = 1) {
  return VerifyScts(ChainWith(std::move(make_list)), logs, threshold);
}

base::Result<VerifiedScts> Verify(MakeList make_list) {
  return Verify(std::move(make_list), {Log().trusted()});
}

/// A list of whatever MAKE makes of the pre-certificate.
MakeList ListOf(std::function<std::vector<ByteBuffer>(ByteView tbs, ByteView issuer)> make) {
  return [make = std::move(make)](ByteView tbs, ByteView issuer) {
    ByteBuffer list;
    for (const ByteBuffer& sct : make(tbs, issuer)) {
      const ByteBuffer one = SctListOf({sct});
      list = Joined({list, ByteView(one).subspan(2)});
    }
    const ByteBuffer size = {static_cast<std::uint8_t>(list.size() >> 8),
                             static_cast<std::uint8_t>(list.size() & 0xff)};
    return Element(0x04, {size, list});
  };
}

TEST(SctTest, APromiseOfATrustedLog) {
  const auto scts = Verify(PromisedBy(Log()));
  ASSERT_THAT(scts, IsOk());
  EXPECT_EQ(scts->logs(), 1U);
}

TEST(SctTest, ExtensionsAreSignedToo) {
  SctPlan plan;
  plan.extensions = {0, 0, 5, 1, 2, 3, 4, 5};
  EXPECT_THAT(Verify(PromisedBy(Log(), plan)), IsOk());
  const auto altered = [plan](ByteView tbs, ByteView issuer) {
    ByteBuffer sct = Log().Promise(tbs, issuer, plan);
    sct.at(1 + 32 + 8 + 2) ^= 1;
    return Element(0x04, {SctListOf({sct})});
  };
  EXPECT_THAT(Verify(altered), Refuses(Reason::kSctInvalid, "not of this certificate"));
}

TEST(SctTest, LogsSignWithKeysOfEveryKind) {
  const struct {
    KeyType type;
    std::uint8_t hash_algorithm;
    std::uint8_t signature_algorithm;
    HashAlgorithm hash;
  } kKinds[] = {
      {KeyType::kEcdsaP256, 4, 3, HashAlgorithm::kSha256},
      {KeyType::kEcdsaP384, 4, 3, HashAlgorithm::kSha256},
      {KeyType::kEcdsaP384, 5, 3, HashAlgorithm::kSha384},
      {KeyType::kEcdsaP521, 6, 3, HashAlgorithm::kSha512},
      {KeyType::kRsa, 4, 1, HashAlgorithm::kSha256},
      {KeyType::kEd25519, 8, 7, HashAlgorithm::kSha512},
  };
  for (const auto& kind : kKinds) {
    const CtLog log(TestKey::Shared(kind.type));
    TransparencyLog trusted = log.trusted();
    trusted.hash = kind.hash;
    const SctPlan plan{.hash_algorithm = kind.hash_algorithm,
                       .signature_algorithm = kind.signature_algorithm,
                       .hash = kind.hash};
    EXPECT_THAT(Verify(PromisedBy(log, plan), {trusted}), IsOk());
  }
}

TEST(SctTest, AHashOrSignatureThatTheLogDoesNotUse) {
  // Signed as they say, which is not what the log's key details allow.
  for (const SctPlan& plan :
       {SctPlan{.hash_algorithm = 6, .hash = HashAlgorithm::kSha512},
        SctPlan{.hash_algorithm = 5, .hash = HashAlgorithm::kSha384}, SctPlan{.hash_algorithm = 2},
        SctPlan{.hash_algorithm = 0}, SctPlan{.hash_algorithm = 8},
        SctPlan{.signature_algorithm = 1}, SctPlan{.signature_algorithm = 7}}) {
    EXPECT_THAT(Verify(PromisedBy(Log(), plan)),
                Refuses(Reason::kSctInvalid, "not of this certificate"));
  }
}

TEST(SctTest, EveryBitOfAPromiseCounts) {
  CertificatePlan plan = LeafPlan();
  std::size_t size = 0;
  plan.sct_list = [&](ByteView tbs, ByteView issuer) {
    const ByteBuffer sct = Log().Promise(tbs, issuer);
    size = sct.size();
    return Element(0x04, {SctListOf({sct})});
  };
  (void)Authority().Issue(plan);
  ASSERT_GT(size, 100U);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < 1 + 32 + 8 + 2 + 2; ++i) {
    const auto altered = [i](ByteView tbs, ByteView issuer) {
      ByteBuffer sct = Log().Promise(tbs, issuer);
      sct.at(i) ^= 1;
      return Element(0x04, {SctListOf({sct})});
    };
    const auto scts = Verify(altered);
    EXPECT_THAT(scts, FailsWith(Reason::kSctInvalid)) << "byte " << i;
    refused += scts.ok() ? 0U : 1U;
  }
  EXPECT_EQ(refused, 45U);
}

TEST(SctTest, APromiseOfAnotherCertificate) {
  ByteBuffer others;
  CertificatePlan plan = LeafPlan();
  plan.sct_list = [&](ByteView tbs, ByteView issuer) {
    others = PromisedBy(Log())(tbs, issuer);
    return others;
  };
  (void)Authority().Issue(plan);
  EXPECT_THAT(Verify([&](ByteView, ByteView) { return others; }),
              Refuses(Reason::kSctInvalid, "not of this certificate"));
}

TEST(SctTest, APromiseUnderAnotherIssuer) {
  const ByteBuffer stranger = TestKey::Stranger().spki();
  EXPECT_THAT(Verify([&](ByteView tbs, ByteView) { return PromisedBy(Log())(tbs, stranger); }),
              Refuses(Reason::kSctInvalid, "not of this certificate"));
}

TEST(SctTest, ALogThatIsNotTrusted) {
  EXPECT_THAT(Verify(PromisedBy(OtherLog())),
              Refuses(Reason::kSctInvalid, "SCTs of 0 trusted logs"));
  EXPECT_THAT(Verify(PromisedBy(Log()), {}),
              Refuses(Reason::kSctInvalid, "SCTs of 0 trusted logs"));
}

TEST(SctTest, TheLogsWindowHoldsBothItsEnds) {
  TransparencyLog log = Log().trusted();
  log.validity = {kSigningTime, kSigningTime};
  EXPECT_THAT(Verify(PromisedBy(Log()), {log}), IsOk());
  log.validity = {kSigningTime + 1s, {}};
  EXPECT_THAT(Verify(PromisedBy(Log()), {log}),
              Refuses(Reason::kSctInvalid, "SCTs of 0 trusted logs"));
  log.validity = {kSigningTime - 1h, kSigningTime - 1s};
  EXPECT_THAT(Verify(PromisedBy(Log()), {log}),
              Refuses(Reason::kSctInvalid, "SCTs of 0 trusted logs"));
  // One log may be there twice, for two windows.
  EXPECT_THAT(Verify(PromisedBy(Log()), {log, Log().trusted()}), IsOk());
}

TEST(SctTest, ATimeBeyondTheCalendar) {
  SctPlan plan;
  plan.time = Time(std::chrono::seconds(253'402'300'800));
  EXPECT_THAT(Verify(PromisedBy(Log(), plan)),
              Refuses(Reason::kSctInvalid, "SCTs of 0 trusted logs"));
}

TEST(SctTest, AnInvalidOneBesideAValidOne) {
  const auto both = ListOf([](ByteView tbs, ByteView issuer) {
    ByteBuffer bad = OtherLog().Promise(tbs, issuer);
    bad.back() ^= 1;
    return std::vector{Log().Promise(tbs, issuer), bad};
  });
  // Of a log that is trusted it spoils all; of another it plays no part.
  EXPECT_THAT(Verify(both, {Log().trusted(), OtherLog().trusted()}),
              Refuses(Reason::kSctInvalid, "not of this certificate"));
  EXPECT_THAT(Verify(both, {Log().trusted()}), IsOk());
}

// GHSA-9vcr-p3rj-q5q6: promises were counted, and not who gave them.
TEST(SctTest, Ghsa9vcrP3rjQ5q6TwoPromisesOfOneLog) {
  const auto twice = ListOf([](ByteView tbs, ByteView issuer) {
    return std::vector{Log().Promise(tbs, issuer),
                       Log().Promise(tbs, issuer, SctPlan{.time = kSigningTime + 1s})};
  });
  EXPECT_THAT(Verify(twice, {Log().trusted()}, 1), IsOk());
  EXPECT_THAT(Verify(twice, {Log().trusted()}, 2),
              Refuses(Reason::kSctInvalid, "SCTs of 1 trusted logs; 2"));
}

TEST(SctTest, LogsOfOneOperatorCountOnce) {
  const auto both = ListOf([](ByteView tbs, ByteView issuer) {
    return std::vector{Log().Promise(tbs, issuer), OtherLog().Promise(tbs, issuer)};
  });
  TransparencyLog first = Log().trusted();
  TransparencyLog second = OtherLog().trusted();
  const auto count = [&] {
    const auto scts = Verify(both, {first, second});
    return scts.ok() ? scts->logs() : 0;
  };
  EXPECT_EQ(count(), 2U);
  EXPECT_THAT(Verify(both, {first, second}, 2), IsOk());
  EXPECT_THAT(Verify(both, {first, second}, 3), FailsWith(Reason::kSctInvalid));
  first.operated_by = "example.com";
  EXPECT_EQ(count(), 2U);
  second.operated_by = "example.com";
  EXPECT_EQ(count(), 1U);
  EXPECT_THAT(Verify(both, {first, second}, 2),
              Refuses(Reason::kSctInvalid, "SCTs of 1 trusted logs; 2"));
  second.operated_by = "example.org";
  EXPECT_EQ(count(), 2U);
}

TEST(SctTest, NoPromiseAtAll) {
  EXPECT_THAT(VerifyScts(ChainOf(Authority().Issue(LeafPlan())), std::vector{Log().trusted()}, 1),
              Refuses(Reason::kSctInvalid, "holds no SCT"));
  EXPECT_THAT(Verify([](ByteView, ByteView) { return Element(0x04, {SctListOf({})}); }),
              Refuses(Reason::kSctInvalid, "empty or not as long"));
}

TEST(SctTest, TheWrappingsHoldNothingElse) {
  const ByteBuffer junk = {0x05, 0x00};
  EXPECT_THAT(Verify([&](ByteView tbs, ByteView issuer) {
                return Joined({PromisedBy(Log())(tbs, issuer), junk});
              }),
              Refuses(Reason::kSctInvalid, "not DER"));
  EXPECT_THAT(Verify([&](ByteView tbs, ByteView issuer) {
                return Element(0x04, {SctListOf({Log().Promise(tbs, issuer)}), junk});
              }),
              Refuses(Reason::kSctInvalid, "empty or not as long"));
  EXPECT_THAT(Verify([&](ByteView tbs, ByteView issuer) {
                return SctListOf({Log().Promise(tbs, issuer)});
              }),
              Refuses(Reason::kSctInvalid, "not DER"));
}

TEST(SctTest, AListIsAsLongAsItSays) {
  const ByteBuffer sct = Log().Promise({}, {});
  const ByteBuffer list = SctListOf({sct, sct});
  EXPECT_EQ(ParseSctList(list)->size(), 2U);
  for (std::size_t size = 0; size < list.size(); ++size) {
    EXPECT_THAT(ParseSctList(ByteView(list).first(size)), FailsWith(Reason::kSctInvalid)) << size;
  }
  EXPECT_THAT(ParseSctList(Joined({list, ByteBuffer{0}})), FailsWith(Reason::kSctInvalid));
  EXPECT_THAT(ParseSctList(SctListOf({Joined({sct, ByteBuffer{0}})})),
              Refuses(Reason::kSctInvalid, "as long as it says"));
  EXPECT_THAT(ParseSctList(SctListOf({ByteView(sct).first(sct.size() - 1)})),
              Refuses(Reason::kSctInvalid, "as long as it says"));
  EXPECT_THAT(ParseSctList(SctListOf({sct, ByteView()})),
              Refuses(Reason::kSctInvalid, "version 1"));
  ByteBuffer version2 = sct;
  version2[0] = 1;
  EXPECT_THAT(ParseSctList(SctListOf({version2})), Refuses(Reason::kSctInvalid, "version 1"));
}

TEST(SctTest, AsManyAsThereMayBe) {
  const auto count = [](std::size_t wanted) {
    return ListOf([wanted](ByteView tbs, ByteView issuer) {
      return std::vector<ByteBuffer>(wanted, Log().Promise(tbs, issuer));
    });
  };
  EXPECT_THAT(Verify(count(kMaxScts)), IsOk());
  EXPECT_THAT(Verify(count(kMaxScts + 1)), Refuses(Reason::kSctInvalid, "longer than 16"));
}

TEST(SctDeathTest, AThresholdOfNoneIsAMistake) {
  const VerifiedChain chain = ChainWith(PromisedBy(Log()));
  const std::vector<TransparencyLog> logs = {Log().trusted()};
  EXPECT_DEATH((void)VerifyScts(chain, logs, 0), "threshold of none");
}

}  // namespace
}  // namespace sigward::verifier
