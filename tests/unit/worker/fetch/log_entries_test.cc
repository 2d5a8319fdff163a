#include "worker/fetch/log_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strict_json.h"
#include "result_matchers.h"
#include "scripted_registry.h"
#include "verifier/certificate/certificate_pem.h"
#include "verifier/legacy_layer.h"
#include "verifier/manifest.h"

namespace sigward::worker {
namespace {

using base::Json;
using base::Reason;
using testing::DescriptorOf;
using testing::DigestOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ManifestOf;
using ::testing::SizeIs;

constexpr const char* kLeaf = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/// A layer over PAYLOAD with these annotations.
std::string Layer(const std::string& payload, const Json& annotations) {
  return DescriptorOf(payload, "application/vnd.dev.cosign.simplesigning.v1+json",
                      ",\"annotations\":" + annotations.dump());
}
Json Signed(const std::string& signature = "c2ln") {
  return {{"dev.cosignproject.cosign/signature", signature}};
}
Json With(Json annotations, std::string_view name, const std::string& value) {
  annotations[std::string(name)] = value;
  return annotations;
}
std::vector<UnloggedSignature> In(const std::vector<std::string>& layers) {
  return UnloggedSignatures(ManifestOf(layers));
}
Json Entry() {
  return {{"body", "Ym9keQ=="},
          {"integratedTime", 1700000000},
          {"logIndex", 7},
          {"logID", "00ff"},
          {"verification",
           {{"signedEntryTimestamp", "c2V0"}, {"inclusionProof", {{"hashes", {"00"}}}}}}};
}

// ---- What is looked up --------------------------------------------------------------------------

TEST(UnloggedSignaturesTest, AreThoseWithoutAnEntry) {
  const Json with_entry = With(Signed(), verifier::kLogEntryAnnotation, "{}");
  const auto found = In({Layer("one", with_entry), Layer("two", Signed("dHdv")),
                         Layer("three", With(Signed(), verifier::kLogEntryAnnotation, ""))});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].layer, 1U);
  EXPECT_EQ(found[0].payload_hex, DigestOf("two").hex());
  EXPECT_EQ(found[0].signature, "dHdv");
  EXPECT_EQ(found[0].certificate_pem, "");
  EXPECT_EQ(found[1].layer, 2U);
}

TEST(UnloggedSignaturesTest, HaveTheLeafAloneOfTheirCertificates) {
  const std::string other = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  const auto found =
      In({Layer("p", With(Signed(), verifier::kCertificateAnnotation, kLeaf + other)),
          Layer("q", With(Signed(), verifier::kCertificateAnnotation, ""))});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].certificate_pem, kLeaf);
  EXPECT_EQ(found[1].certificate_pem, "");
}

TEST(UnloggedSignaturesTest, AreNoneOfWhatCannotBeLookedUp) {
  EXPECT_THAT(UnloggedSignatures("{"), IsEmpty());
  EXPECT_THAT(UnloggedSignatures(testing::IndexOf({})), IsEmpty());
  const std::string long_pem(verifier::kMaxCertificatePem + 1, 'A');
  EXPECT_THAT(In({Layer("an attestation", Signed("")), Layer("no base64", Signed("c2l")),
                  Layer("no signature", Json::object()),
                  Layer("no certificate", With(Signed(), verifier::kCertificateAnnotation, "x")),
                  Layer("too long a certificate",
                        With(Signed(), verifier::kCertificateAnnotation, long_pem + kLeaf))}),
              IsEmpty());
  const std::string sha512 = "{\"mediaType\":\"x\",\"digest\":\"sha512:" + std::string(128, 'a') +
                             "\",\"size\":1,\"annotations\":" + Signed().dump() + "}";
  EXPECT_THAT(In({sha512}), IsEmpty());
}

// A referrer with a bundle beside another layer is refused; the other layer alone would not be.
TEST(UnloggedSignaturesTest, AreNoneBesideABundle) {
  const std::string bundle = DescriptorOf("b", "application/vnd.dev.sigstore.bundle.v0.3+json");
  EXPECT_THAT(In({Layer("one", Signed()), bundle}), IsEmpty());
  EXPECT_THAT(In({Layer("one", Signed())}), SizeIs(1));
}

TEST(LogQueryTest, IsWhatRekorTakes) {
  const UnloggedSignature signature{0, std::string(64, 'a'), "c2ln", ""};
  const Json expected = {
      {"entries",
       Json::array(
           {{{"kind", "hashedrekord"},
             {"apiVersion", "0.0.1"},
             {"spec",
              {{"data", {{"hash", {{"algorithm", "sha256"}, {"value", std::string(64, 'a')}}}}},
               {"signature", {{"content", "c2ln"}, {"publicKey", {{"content", "a2V5"}}}}}}}}})}};
  EXPECT_EQ(Json::parse(LogQuery(signature, "key")), expected);
}

// ---- Answers ------------------------------------------------------------------------------------

TEST(ReadLogAnswerTest, MakesCosignsAnnotations) {
  const auto answer = ReadLogAnswer(Json::array({{{"24296fb", Entry()}}}).dump());
  ASSERT_THAT(answer, IsOk());
  const Json expected = {
      {"SignedEntryTimestamp", "c2V0"},
      {"Payload",
       {{"body", "Ym9keQ=="}, {"integratedTime", 1700000000}, {"logIndex", 7}, {"logID", "00ff"}}}};
  ASSERT_THAT(answer->annotations, SizeIs(1));
  EXPECT_EQ(Json::parse(answer->annotations[0]), expected);
  EXPECT_EQ(answer->left_out, 0U);
}

TEST(ReadLogAnswerTest, NothingFoundIsNoEntry) {
  const auto answer = ReadLogAnswer("[]");
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(answer->annotations, IsEmpty());
}

TEST(ReadLogAnswerTest, LooksAtAFewEntries) {
  Json list = Json::array();
  for (std::size_t i = 0; i < kMaxEntriesPerAnswer; ++i) {
    list.push_back({{"u" + std::to_string(i), Entry()}});
  }
  EXPECT_EQ(ReadLogAnswer(list.dump())->annotations.size(), kMaxEntriesPerAnswer);
  EXPECT_EQ(ReadLogAnswer(list.dump())->left_out, 0U);
  list[0]["v"] = Entry();
  EXPECT_EQ(ReadLogAnswer(list.dump())->annotations.size(), kMaxEntriesPerAnswer);
  EXPECT_EQ(ReadLogAnswer(list.dump())->left_out, 1U);
}

TEST(ReadLogAnswerTest, RefusesWhatIsNone) {
  for (const std::string text : {"", "{}", "null", "[1]", "[[]]", "[{", "[{\"u\":{},\"u\":{}}]",
                                 "[{\"u\":{\"body\":\"a\",\"body\":\"a\"}}]", "[]x"}) {
    EXPECT_THAT(ReadLogAnswer(text), FailsWith(Reason::kRegistryError)) << text;
  }
}

TEST(ReadLogAnswerTest, AnEntryThatLacksAPartSpoilsNoOther) {
  std::vector<Json> bad = {1, Json::array(), Json::object()};
  for (const char* part : {"body", "integratedTime", "logIndex", "logID", "verification"}) {
    Json entry = Entry();
    entry[part] = nullptr;
    bad.push_back(entry);
    entry.erase(part);
    bad.push_back(entry);
  }
  Json entry = Entry();
  entry["verification"].erase("signedEntryTimestamp");
  bad.push_back(entry);
  entry = Entry();
  entry["logIndex"] = 0.5;
  bad.push_back(entry);
  for (const Json& one : bad) {
    const auto alone = ReadLogAnswer(Json::array({{{"u", one}}}).dump());
    ASSERT_THAT(alone, IsOk()) << one;
    EXPECT_THAT(alone->annotations, IsEmpty()) << one;
    EXPECT_EQ(alone->unreadable, 1U) << one;
    const auto beside = ReadLogAnswer(Json::array({{{"u", one}}, {{"v", Entry()}}}).dump());
    ASSERT_THAT(beside, IsOk()) << one;
    EXPECT_THAT(beside->annotations, SizeIs(1)) << one;
    EXPECT_EQ(beside->unreadable, 1U) << one;
  }
}

TEST(ReadLogAnswerTest, BoundsBytesAndValues) {
  const std::string entries = Json::array({{{"u", Entry()}}}).dump();
  EXPECT_THAT(ReadLogAnswer(entries + std::string(kMaxLogAnswerBytes - entries.size(), ' ')),
              IsOk());
  EXPECT_THAT(ReadLogAnswer(entries + std::string(kMaxLogAnswerBytes - entries.size() + 1, ' ')),
              FailsWith(Reason::kRegistryError));
  const auto of_values = [](std::size_t count) {
    // The list itself is one.
    return Json(std::vector<Json>(count - 1, Json::object())).dump();
  };
  EXPECT_THAT(ReadLogAnswer(of_values(kMaxLogAnswerValues)), IsOk());
  EXPECT_THAT(ReadLogAnswer(of_values(kMaxLogAnswerValues + 1)), FailsWith(Reason::kRegistryError));
}

// ---- The signature with its entry ---------------------------------------------------------------

TEST(WithLogEntryTest, IsThatLayerAloneAndOtherwiseTheSame) {
  const std::string manifest =
      ManifestOf({Layer("one", Signed("b25l")), Layer("two", Signed("dHdv"))});
  const auto with_entry = WithLogEntry(manifest, 1, "{\"an\":\"entry\"}");
  ASSERT_THAT(with_entry, IsOk());
  Json expected = Json::parse(manifest);
  Json layer = expected["layers"][1];
  layer["annotations"]["dev.sigstore.cosign/bundle"] = "{\"an\":\"entry\"}";
  expected["layers"] = Json::array({layer});
  EXPECT_EQ(Json::parse(*with_entry), expected);
  const auto parsed = verifier::ParseManifest(base::AsBytes(*with_entry));
  ASSERT_THAT(parsed, IsOk());
  ASSERT_THAT(parsed->layers, SizeIs(1));
  EXPECT_EQ(parsed->layers[0].digest, DigestOf("two"));
  EXPECT_EQ(*verifier::LegacySignatureText(parsed->layers[0]), "dHdv");
}

TEST(WithLogEntryTest, RefusesWhatHasNoSuchLayer) {
  const std::string manifest = ManifestOf({Layer("one", Signed())});
  EXPECT_THAT(WithLogEntry(manifest, 1, "x"), FailsWith(Reason::kInternal));
  EXPECT_THAT(WithLogEntry("[]", 0, "x"), FailsWith(Reason::kInternal));
  EXPECT_THAT(WithLogEntry("{\"layers\":[{}]}", 0, "x"), FailsWith(Reason::kInternal));
}

}  // namespace
}  // namespace sigward::worker
