#include "plugin/annotated_signature.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "result_matchers.h"
#include "verifier/evidence.h"
#include "verifier/manifest.h"
#include "verifier/signature_listing.h"

namespace sigward {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;
using verifier::Digest;
using verifier::ObjectKind;

const Digest& Image() {
  static const auto* const image = new Digest(Digest::Of(base::AsBytes("image")));
  return *image;
}

base::Result<worker::EvidenceSet> EvidenceOf(const AnnotatedSignature& signature) {
  return EvidenceOfAnnotation(
      signature, verifier::ImageRef::Parse("registry.example/app:v1").value(), Image());
}

base::Result<worker::EvidenceSet> EvidenceOf(const std::string& text) {
  return EvidenceOf(AnnotatedSignature{text});
}

base::ByteView BytesOf(const worker::EvidenceSet& evidence, std::size_t i) {
  return evidence.memory.bytes().subspan(evidence.entries[i].offset, evidence.entries[i].size);
}

TEST(AnnotatedSignatureTest, ASignatureBecomesACosignSignatureImage) {
  const auto evidence = EvidenceOf("MEUCIQ==");
  ASSERT_THAT(evidence, IsOk());
  ASSERT_EQ(evidence->entries.size(), 2U);
  EXPECT_EQ(evidence->entries[0].kind, ObjectKind::kLegacyManifest);
  EXPECT_EQ(evidence->entries[0].offered_for, Image().text());
  EXPECT_THAT(verifier::ParseManifest(BytesOf(*evidence, 0)), IsOk());
}

TEST(AnnotatedSignatureTest, ABundleBecomesAReferrerOfTheImage) {
  const std::string bundle = R"({"mediaType":"anything"})";
  const auto evidence = EvidenceOf(bundle);
  ASSERT_THAT(evidence, IsOk());
  ASSERT_EQ(evidence->entries.size(), 2U);
  const auto manifest = verifier::ReadSignatureManifest(BytesOf(*evidence, 0));
  ASSERT_TRUE(manifest.has_value());
  EXPECT_EQ(manifest->kind, ObjectKind::kReferrerManifest);
  EXPECT_EQ(manifest->subject, Image());
  EXPECT_EQ(evidence->entries[0].kind, ObjectKind::kReferrerManifest);
  EXPECT_EQ(base::AsText(BytesOf(*evidence, 1)), bundle);
  EXPECT_EQ(evidence->entries[1].digest, Digest::Of(base::AsBytes(bundle)));
}

TEST(AnnotatedSignatureTest, WhatStandsBesideASignatureGoesWithIt) {
  const auto signature =
      AnnotatedSignature::In({{"cosign.sigstore.dev/signature", "MEUCIQ=="},
                              {"cosign.sigstore.dev/certificate", "LS0tCg=="},
                              {"cosign.sigstore.dev/chain", "---"},
                              {"cosign.sigstore.dev/bundle", "{entry}"},
                              {"cosign.sigstore.dev/rfc3161timestamp", "{stamp}"},
                              {"cosign.sigstore.dev/message", "ignored"}});
  const std::map<std::string, std::string, std::less<>> expected = {
      {"dev.cosignproject.cosign/signature", "MEUCIQ=="},
      {"dev.sigstore.cosign/certificate", "---\n"},
      {"dev.sigstore.cosign/chain", "---"},
      {"dev.sigstore.cosign/bundle", "{entry}"},
      {"dev.sigstore.cosign/rfc3161timestamp", "{stamp}"}};
  const auto evidence = EvidenceOf(signature);
  ASSERT_THAT(evidence, IsOk());
  const auto manifest = verifier::ParseManifest(BytesOf(*evidence, 0));
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->layers.at(0).annotations, expected);
  EXPECT_THAT(EvidenceOf(AnnotatedSignature{"MEUCIQ==", "-----BEGIN"}), IsOk());
  EXPECT_THAT(EvidenceOf(AnnotatedSignature{"MEUCIQ==", "no base64!"}),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(EvidenceOf(AnnotatedSignature{"MEUCIQ==", "gICA"}), FailsWith(Reason::kMalformed))
      << "not UTF-8";
}

TEST(AnnotatedSignatureTest, EachTextIsBounded) {
  for (auto text : {&AnnotatedSignature::certificate, &AnnotatedSignature::chain,
                    &AnnotatedSignature::log_entry, &AnnotatedSignature::timestamp}) {
    AnnotatedSignature signature{"MEUCIQ=="};
    signature.*text = std::string(kMaxAnnotatedBundle, '-');
    EXPECT_THAT(EvidenceOf(signature), IsOk());
    signature.*text += '-';
    EXPECT_THAT(EvidenceOf(signature), FailsWith(Reason::kTooLarge));
  }
}

TEST(AnnotatedSignatureTest, BothAreBounded) {
  EXPECT_THAT(EvidenceOf(std::string(kMaxAnnotatedSignature, 'A')), IsOk());
  EXPECT_THAT(EvidenceOf(std::string(kMaxAnnotatedSignature + 4, 'A')),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(EvidenceOf("{" + std::string(kMaxAnnotatedBundle - 1, ' ')), IsOk());
  EXPECT_THAT(EvidenceOf("{" + std::string(kMaxAnnotatedBundle, ' ')),
              FailsWith(Reason::kTooLarge));
  EXPECT_THAT(EvidenceOf("no base64!"), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward
