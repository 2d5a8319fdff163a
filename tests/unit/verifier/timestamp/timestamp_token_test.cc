// Each test makes one part of a good time stamp wrong.

#include "verifier/timestamp/timestamp_token.h"

#include <gtest/gtest.h>

#include "timestamp_fixture.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::Algorithm;
using sigward::testing::CertificateIdV2;
using sigward::testing::ContentTypeAttribute;
using sigward::testing::Element;
using sigward::testing::Encode;
using sigward::testing::Integer;
using sigward::testing::IsOk;
using sigward::testing::MessageDigestAttribute;
using sigward::testing::OctetString;
using sigward::testing::Oid;
using sigward::testing::Refuses;
using sigward::testing::Sequence;
using sigward::testing::SigningCertificateV2;
using sigward::testing::StampPlan;

using TimestampTokenTest = sigward::testing::TimestampTest;

TEST_F(TimestampTokenTest, TheUnchangedOneIsGood) {
  EXPECT_THAT(Verify(Plan()), IsOk());
}

TEST_F(TimestampTokenTest, StatusIsGrantedOrGrantedWithMods) {
  StampPlan plan = Plan();
  plan.status = 1;
  EXPECT_THAT(Verify(plan), IsOk());
  for (const int status : {2, 3, 4, 5, 127}) {
    plan.status = status;
    EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "status")) << status;
  }
  plan.status = 0;
  plan.status_rest = Sequence({Element(0x0c, base::AsBytes("all is well"))});
  EXPECT_THAT(Verify(plan), IsOk());
  plan.status_rest = Element(0x03, {{0, 1}});
  EXPECT_THAT(Verify(plan), Refuses(Reason::kMalformed, "failed"));
}

TEST_F(TimestampTokenTest, AResponseWithoutATokenIsRefused) {
  const ByteBuffer rejection = Sequence({Sequence({Integer(2)})});
  EXPECT_THAT(VerifyBytes(rejection), Refuses(Reason::kTimestampInvalid, "status"));
  EXPECT_THAT(VerifyBytes(Sequence({Sequence({Integer(0)})})), Refuses(Reason::kMalformed, "DER"));
}

TEST_F(TimestampTokenTest, NothingMayFollow) {
  ByteBuffer token = Encode(Plan());
  token.push_back(0);
  EXPECT_THAT(VerifyBytes(token), Refuses(Reason::kMalformed, "follows"));
  StampPlan plan = Plan();
  plan.response_rest = Integer(1);
  EXPECT_THAT(Verify(plan), Refuses(Reason::kMalformed, "follows"));
  ByteBuffer cut = Encode(Plan());
  cut.pop_back();
  EXPECT_THAT(VerifyBytes(cut), Refuses(Reason::kMalformed, "DER"));
}

TEST_F(TimestampTokenTest, IsSignedDataThatHoldsATimeStamp) {
  StampPlan plan = Plan();
  plan.token_type = Oid("1.2.840.113549.1.7.1");
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedFormat, "no signed data"));
  plan = Plan();
  plan.content_type = Oid("1.2.840.113549.1.7.1");
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedFormat, "no TSTInfo"));
}

TEST_F(TimestampTokenTest, OneSignerAndNoMore) {
  StampPlan plan = Plan();
  plan.signers = 2;
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "more than one signer"));
  plan.signers = 0;
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "nobody signed"));
}

TEST_F(TimestampTokenTest, VersionOfTheSignerGoesWithItsName) {
  StampPlan plan = Plan();
  plan.signer_version = 3;
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedFormat, "SignerInfo"));
}

TEST_F(TimestampTokenTest, WeakHashesAreRefusedWhereverTheyStand) {
  constexpr const char* kSha1 = "1.3.14.3.2.26";
  StampPlan plan = Plan();
  plan.imprint_algorithm = Algorithm(kSha1);
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedAlgorithm, "hash"));
  plan = Plan();
  plan.digest_algorithm = Algorithm(kSha1);
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedAlgorithm, "hash"));
  plan = Plan();
  plan.signature_algorithm = Sequence({Oid("1.2.840.10045.4.1")});
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedAlgorithm, "signature algorithm"));
  // One hash in one place and another in the other.
  plan.signature_algorithm = Sequence({Oid("1.2.840.10045.4.3.3")});
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedAlgorithm, "two different hashes"));
  // RSASSA-PSS comes with parameters.
  plan.signature_algorithm = Sequence({Oid("1.2.840.113549.1.1.10"), Sequence({})});
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedAlgorithm, "signature algorithm"));
}

/// The plan with other attributes, signed as they are.
StampPlan With(StampPlan plan,
               std::function<std::vector<ByteBuffer>(
                   const ByteBuffer& type, const ByteBuffer& digest, const ByteBuffer& certificate)>
                   attributes) {
  const Certificate signer = plan.signer->certificate;
  plan.attributes = [=](const ByteBuffer& info) {
    return attributes(ContentTypeAttribute(), MessageDigestAttribute(info),
                      SigningCertificateV2({CertificateIdV2(signer)}));
  };
  return plan;
}

TEST_F(TimestampTokenTest, AttributesAreThereOnce) {
  using Bytes = const ByteBuffer&;
  using List = std::vector<ByteBuffer>;
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes, Bytes d, Bytes c) {
                            return List{d, c};
                          })),
              Refuses(Reason::kTimestampInvalid, "content type"));
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes, Bytes c) {
                            return List{t, c};
                          })),
              Refuses(Reason::kTimestampInvalid, "message digest"));
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes d, Bytes) {
                            return List{t, d};
                          })),
              Refuses(Reason::kTimestampInvalid, "name the signer's certificate"));
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes d, Bytes c) {
                            return List{t, t, d, c};
                          })),
              Refuses(Reason::kMalformed, "twice"));
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes d, Bytes c) {
                            return List{t, d, d, c};
                          })),
              Refuses(Reason::kMalformed, "twice"));
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes d, Bytes c) {
                            return List{t, d, c, c};
                          })),
              Refuses(Reason::kMalformed, "twice"));
  // Whatever else is signed says nothing here.
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes t, Bytes d, Bytes c) {
                            return List{t, sigward::testing::Attribute("1.2.3", Integer(1)), d, c};
                          })),
              IsOk());
}

TEST_F(TimestampTokenTest, ContentTypeIsATimeStamp) {
  using Bytes = const ByteBuffer&;
  EXPECT_THAT(Verify(With(Plan(),
                          [](Bytes, Bytes d, Bytes c) {
                            return std::vector<ByteBuffer>{
                                sigward::testing::Attribute("1.2.840.113549.1.9.3",
                                                            Oid("1.2.840.113549.1.7.1")),
                                d, c};
                          })),
              Refuses(Reason::kTimestampInvalid, "no time stamp"));
}

TEST_F(TimestampTokenTest, SignatureIsOverAttributes) {
  StampPlan plan = Plan();
  plan.attributes = [](const ByteBuffer&) { return std::vector<ByteBuffer>{}; };
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTimestampInvalid, "content type"));
}

TEST_F(TimestampTokenTest, WhatNobodySignedIsNotLookedAt) {
  StampPlan plan = Plan();
  plan.unsigned_attributes = Element(0xa1, {OctetString(ByteBuffer(5))});
  plan.revocation_lists = Element(0xa1, {OctetString(ByteBuffer(5))});
  EXPECT_THAT(Verify(plan), IsOk());
}

TEST_F(TimestampTokenTest, LengthIsBounded) {
  const auto of_size = [](std::size_t size) {
    StampPlan plan = Plan();
    ByteBuffer out;
    // Not every signature has the same length, so a few tries may be needed.
    for (std::size_t pad = size - 1024; out.size() != size; pad += size - out.size()) {
      plan.unsigned_attributes = Element(0xa1, ByteBuffer(pad));
      out = Encode(plan);
    }
    return out;
  };
  const ByteBuffer largest = of_size(kMaxTimestampBytes);
  ASSERT_EQ(largest.size(), kMaxTimestampBytes);
  EXPECT_THAT(VerifyBytes(largest), IsOk());
  EXPECT_THAT(VerifyBytes(of_size(kMaxTimestampBytes + 1)), Refuses(Reason::kTooLarge, "longer"));
}

TEST_F(TimestampTokenTest, CertificatesAreCounted) {
  StampPlan plan = Plan();
  const base::ByteView der = tsa().root().certificate.der();
  plan.carried = std::vector<ByteBuffer>(kMaxTimestampCertificates, {der.begin(), der.end()});
  EXPECT_THAT(Verify(plan), IsOk());
  plan.carried->emplace_back(der.begin(), der.end());
  EXPECT_THAT(Verify(plan), Refuses(Reason::kTooLarge, "certificates"));
  plan.carried = {Integer(1)};
  EXPECT_THAT(Verify(plan), Refuses(Reason::kUnsupportedFormat, "no certificate"));
}

TEST_F(TimestampTokenTest, SigningCertificatesAreCounted) {
  const auto with = [](std::size_t count) {
    StampPlan plan = Plan();
    plan.attributes = [=, id = CertificateIdV2(tsa().leaf().certificate)](const ByteBuffer& info) {
      const std::vector<ByteBuffer> ids(count, id);
      return std::vector<ByteBuffer>{ContentTypeAttribute(), MessageDigestAttribute(info),
                                     SigningCertificateV2({sigward::testing::Concatenated(ids)})};
    };
    return plan;
  };
  EXPECT_THAT(Verify(with(kMaxChainLength)), IsOk());
  EXPECT_THAT(Verify(with(kMaxChainLength + 1)), Refuses(Reason::kTooLarge, "signing certificate"));
  EXPECT_THAT(Verify(with(0)), Refuses(Reason::kMalformed, "no signing certificate"));
}

}  // namespace
}  // namespace sigward::verifier
