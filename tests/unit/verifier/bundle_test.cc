#include "verifier/bundle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "base/base64.h"
#include "image_evidence.h"
#include "result_matchers.h"
#include "verifier/certificate/certificate.h"
#include "verifier/evidence.h"
#include "verifier/public_key.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::BundleFor;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::TestKey;

base::Result<Bundle> ParseWhole(const Json& json) {
  return ParseBundle(base::AsBytes(json.dump()));
}

/// The envelope of a bundle that has one.
base::Result<DsseEnvelope> Parse(const std::string& text) {
  base::Result<Bundle> bundle = ParseBundle(base::AsBytes(text));
  if (!bundle.ok()) {
    return std::move(bundle).error();
  }
  return std::get<DsseEnvelope>(std::move(bundle->content));
}
base::Result<DsseEnvelope> Parse(const Json& json) {
  return Parse(json.dump());
}

Json Good() {
  return BundleFor(TestKey::Shared(KeyType::kEd25519), "payload");
}

Json With(const char* pointer, const Json& value) {
  Json json = Good();
  json[Json::json_pointer(pointer)] = value;
  return json;
}

Json Without(const char* pointer, const char* member) {
  Json json = Good();
  json[Json::json_pointer(pointer)].erase(member);
  return json;
}

Json LogEntry() {
  return {{"logIndex", "735"},
          {"logId", {{"keyId", "AAAA"}}},
          {"kindVersion", {{"kind", "dsse"}, {"version", "0.0.1"}}},
          {"integratedTime", 1700000000},
          {"inclusionPromise", {{"signedEntryTimestamp", "AAAA"}}},
          {"inclusionProof",
           {{"logIndex", 7},
            {"rootHash", "AAAA"},
            {"treeSize", "8"},
            {"hashes", Json::array({"AAAA"})},
            {"checkpoint", {{"envelope", "text"}}}}},
          {"canonicalizedBody", "AAAA"}};
}

constexpr const char* kV01 = "application/vnd.dev.sigstore.bundle+json;version=0.1";
constexpr const char* kV02 = "application/vnd.dev.sigstore.bundle+json;version=0.2";
constexpr const char* kV03 = "application/vnd.dev.sigstore.bundle+json;version=0.3";

base::Result<DsseEnvelope> ParseEntries(const Json& entries, const char* version = kV03) {
  Json json = With("/mediaType", version);
  json["verificationMaterial"]["tlogEntries"] = entries;
  return Parse(json);
}

/// What an entry of v0.2 and v0.3 needs, and nothing else.
Json SmallestEntry(std::size_t index = 0) {
  return {{"logIndex", index}, {"inclusionProof", {{"checkpoint", {{"envelope", "text"}}}}}};
}

TEST(BundleTest, ReadsBothSpellingsOfEachVersion) {
  for (const std::string version : {"0.1", "0.2", "0.3"}) {
    for (const std::string& type :
         {"application/vnd.dev.sigstore.bundle.v" + version + "+json",
          "application/vnd.dev.sigstore.bundle+json;version=" + version}) {
      const base::Result<DsseEnvelope> envelope = Parse(With("/mediaType", type));
      ASSERT_THAT(envelope, IsOk()) << type;
      EXPECT_EQ(envelope->payload_type, "application/vnd.in-toto+json");
      EXPECT_EQ(base::AsText(envelope->payload), "payload");
      EXPECT_EQ(envelope->signature.size(), 64U);
    }
  }
}

TEST(BundleTest, RefusesOtherVersionsByName) {
  for (const std::string type :
       {"application/vnd.dev.sigstore.bundle.v0.0+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.0",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.4",
        "application/vnd.dev.sigstore.bundle+json;version=0.10",
        "application/vnd.dev.sigstore.bundle.v1.0+json", "application/vnd.dev.sigstore.bundle+json",
        "application/vnd.dev.sigstore.bundle+json; version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.3;version=0.1",
        "application/vnd.dev.sigstore.bundle.v0.3+json;version=0.1",
        "application/vnd.dev.sigstore.bundle.v0.3+json ", "application/json", ""}) {
    const base::Result<DsseEnvelope> envelope = Parse(With("/mediaType", type));
    ASSERT_THAT(envelope, FailsWith(Reason::kUnsupportedFormat)) << type;
    EXPECT_NE(envelope.error().detail.find(type), std::string::npos);
  }
}

TEST(BundleTest, NamesNoVersionWithoutAMediaType) {
  EXPECT_THAT(Parse(Without("", "mediaType")), FailsWith(Reason::kUnsupportedFormat));
  EXPECT_THAT(Parse(Json::object()), FailsWith(Reason::kUnsupportedFormat));
}

TEST(BundleTest, LogEntriesAndTimestampsMayStandBesideAKey) {
  EXPECT_THAT(ParseEntries(Json::array({LogEntry()})), IsOk());
  EXPECT_THAT(ParseEntries(Json::array({SmallestEntry()})), IsOk());
  EXPECT_THAT(Parse(With("/verificationMaterial/timestampVerificationData",
                         {{"rfc3161Timestamps", Json::array({{{"signedTimestamp", "AAAA"}}})}})),
              IsOk());
  EXPECT_THAT(Parse(With("/verificationMaterial/publicKey", Json::object())), IsOk());
  EXPECT_THAT(Parse(With("/dsseEnvelope/signatures/0/keyid", "any")), IsOk());
}

TEST(BundleTest, EachVersionDemandsItsOwnOfLogEntries) {
  Json promise_alone = LogEntry();
  promise_alone.erase("inclusionProof");
  Json proof_alone = LogEntry();
  proof_alone.erase("inclusionPromise");
  Json empty_promise = LogEntry();
  empty_promise["inclusionPromise"] = Json::object();
  Json promise_of_nothing = LogEntry();
  promise_of_nothing["inclusionPromise"]["signedEntryTimestamp"] = "";
  Json without_checkpoint = LogEntry();
  without_checkpoint["inclusionProof"].erase("checkpoint");
  Json empty_checkpoint = LogEntry();
  empty_checkpoint["inclusionProof"]["checkpoint"] = Json::object();
  Json checkpoint_of_nothing = LogEntry();
  checkpoint_of_nothing["inclusionProof"]["checkpoint"]["envelope"] = "";
  const struct {
    const char* name;
    Json entry;
    bool v01;
    bool later;
  } kCases[] = {
      {"both", LogEntry(), true, true},
      {"promise alone", promise_alone, true, false},
      {"proof alone", proof_alone, false, true},
      {"neither", Json::object(), false, false},
      {"empty promise", empty_promise, false, true},
      {"promise of nothing", promise_of_nothing, false, true},
      {"no checkpoint", without_checkpoint, false, false},
      {"empty checkpoint", empty_checkpoint, false, false},
      {"checkpoint of nothing", checkpoint_of_nothing, false, false},
  };
  for (const auto& c : kCases) {
    for (const char* version : {kV01, kV02, kV03}) {
      const bool good = version == kV01 ? c.v01 : c.later;
      // Every entry has to fit, not only the first.
      Json other = LogEntry();
      other["logIndex"] = 1;
      for (const Json& entries : {Json::array({c.entry}), Json::array({other, c.entry})}) {
        const auto envelope = ParseEntries(entries, version);
        if (good) {
          EXPECT_THAT(envelope, IsOk()) << c.name << version;
        } else {
          EXPECT_THAT(envelope, FailsWith(Reason::kMalformed)) << c.name << version;
        }
      }
    }
  }
}

TEST(BundleTest, RefusesOneLogEntryTwice) {
  const auto two = [](const char* pointer, const Json& value) {
    Json other = LogEntry();
    other["kindVersion"]["kind"] = "another";
    other[Json::json_pointer(pointer)] = value;
    return ParseEntries(Json::array({LogEntry(), other}));
  };
  EXPECT_THAT(two("/logIndex", "736"), IsOk());
  EXPECT_THAT(two("/logId/keyId", "AAAB"), IsOk());
  for (const Json& same : {Json("735"), Json(735), Json("0735")}) {
    EXPECT_THAT(two("/logIndex", same), FailsWith(Reason::kMalformed)) << same;
  }
  // What is absent has its default.
  Json nameless = SmallestEntry();
  nameless.erase("logIndex");
  EXPECT_THAT(ParseEntries(Json::array({SmallestEntry(0), nameless})),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(ParseEntries(Json::array({SmallestEntry(1), nameless})), IsOk());
}

TEST(BundleTest, TakesBothFormsOfAnInteger) {
  const auto with_index = [](const Json& index) {
    Json entry = LogEntry();
    entry["logIndex"] = index;
    return ParseEntries(Json::array({entry}));
  };
  for (const Json& good : {Json(0), Json("0"), Json(INT64_MAX), Json("9223372036854775807")}) {
    EXPECT_THAT(with_index(good), IsOk()) << good;
  }
  for (const Json& bad :
       {Json(-1), Json("-5"), Json(1.5), Json(""), Json("x"), Json("1x"), Json(" 1"), Json("1e3"),
        Json("0x1"), Json("9223372036854775808"), Json(UINT64_MAX), Json(true)}) {
    EXPECT_THAT(with_index(bad), FailsWith(Reason::kMalformed)) << bad;
  }
}

TEST(BundleTest, RefusesAnyFaultInALogEntry) {
  const struct {
    const char* pointer;
    Json value;
  } kCases[] = {
      {"", nullptr},
      {"/unknown", 1},
      {"/log_index", 1},
      {"/logId", "x"},
      {"/logId/keyId", "not base64"},
      {"/logId/more", "x"},
      {"/kindVersion/kind", 1},
      {"/kindVersion/more", "x"},
      {"/integratedTime", Json::object()},
      {"/inclusionPromise/signedEntryTimestamp", "AAA"},
      {"/inclusionPromise/more", 1},
      {"/inclusionProof/rootHash", 1},
      {"/inclusionProof/hashes", "AAAA"},
      {"/inclusionProof/hashes/0", "AA_A"},
      {"/inclusionProof/checkpoint", "x"},
      {"/inclusionProof/checkpoint/envelope", 1},
      {"/inclusionProof/more", 1},
      {"/canonicalizedBody", "A A A"},
  };
  for (const auto& c : kCases) {
    Json entry = LogEntry();
    entry[Json::json_pointer(c.pointer)] = c.value;
    EXPECT_THAT(ParseEntries(Json::array({entry})), FailsWith(Reason::kMalformed)) << c.pointer;
  }
}

TEST(BundleTest, BoundsLogEntriesTimestampsAndHashes) {
  const auto entries = [](std::size_t n) {
    Json list = Json::array();
    for (std::size_t i = 0; i < n; ++i) {
      list.push_back(SmallestEntry(i));
    }
    return ParseEntries(list);
  };
  EXPECT_THAT(entries(kMaxLogEntries), IsOk());
  EXPECT_THAT(entries(kMaxLogEntries + 1), FailsWith(Reason::kTooLarge));
  const auto stamps = [](std::size_t n) {
    return Parse(With("/verificationMaterial/timestampVerificationData",
                      {{"rfc3161Timestamps", std::vector<Json>(n, Json::object())}}));
  };
  EXPECT_THAT(stamps(kMaxTimestamps), IsOk());
  EXPECT_THAT(stamps(kMaxTimestamps + 1), FailsWith(Reason::kTooLarge));
  const auto hashes = [](std::size_t n) {
    Json entry = LogEntry();
    entry["inclusionProof"]["hashes"] = std::vector<std::string>(n, "AAAA");
    return ParseEntries(Json::array({entry}));
  };
  EXPECT_THAT(hashes(kMaxProofHashes), IsOk());
  EXPECT_THAT(hashes(kMaxProofHashes + 1), FailsWith(Reason::kTooLarge));
}

TEST(BundleTest, ABundleByItselfMayBeLonger) {
  std::string text = Good().dump();
  text.resize(kMaxLoneBundleBytes, ' ');
  EXPECT_THAT(ParseBundle(base::AsBytes(text), kMaxLoneBundleBytes), IsOk());
  EXPECT_THAT(ParseBundle(base::AsBytes(text)), FailsWith(Reason::kTooLarge));
  text += ' ';
  EXPECT_THAT(ParseBundle(base::AsBytes(text), kMaxLoneBundleBytes), FailsWith(Reason::kTooLarge));
}

TEST(BundleTest, BoundsBytesAndSignature) {
  const std::string good = Good().dump();
  const std::string full = good + std::string(kMaxBundleBytes - good.size(), ' ');
  EXPECT_THAT(Parse(full), IsOk());
  EXPECT_THAT(Parse(full + " "), FailsWith(Reason::kTooLarge));
  const auto signature = [](std::size_t size) {
    return Parse(
        With("/dsseEnvelope/signatures/0/sig", base::EncodeBase64(base::ByteBuffer(size, 1))));
  };
  EXPECT_THAT(signature(kMaxSignatureBytes), IsOk());
  // Base64 comes in groups of three bytes; beyond them the text is longer than any good one.
  EXPECT_THAT(signature(kMaxSignatureBytes + 3), FailsWith(Reason::kTooLarge));
}

TEST(BundleTest, ReadsEachKindOfSigner) {
  const Json leaf = {{"rawBytes", "AQID"}};
  const auto with = [](const char* version, const Json& signer) {
    Json json = With("/mediaType", version);
    json["verificationMaterial"] = signer;
    return ParseWhole(json);
  };
  const auto hint = with(kV03, {{"publicKey", {{"hint", "a hint"}}}});
  ASSERT_THAT(hint, IsOk());
  EXPECT_EQ(std::get<KeyHint>(hint->material.signer).hint, "a hint");
  const auto one = with(kV03, {{"certificate", leaf}});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(std::get<BundledCertificates>(one->material.signer).der,
            (std::vector<base::ByteBuffer>{{1, 2, 3}}));
  const auto chain = [&](const char* version, std::size_t length) {
    return with(version,
                {{"x509CertificateChain", {{"certificates", std::vector<Json>(length, leaf)}}}});
  };
  for (const char* version : {kV01, kV02}) {
    const auto most = chain(version, kMaxBundleCertificates);
    ASSERT_THAT(most, IsOk());
    EXPECT_EQ(std::get<BundledCertificates>(most->material.signer).der.size(),
              kMaxBundleCertificates);
    EXPECT_THAT(chain(version, kMaxBundleCertificates + 1), FailsWith(Reason::kTooLarge));
    EXPECT_THAT(chain(version, 0), FailsWith(Reason::kMalformed));
    EXPECT_THAT(with(version, {{"x509CertificateChain", Json::object()}}),
                FailsWith(Reason::kMalformed));
  }
  EXPECT_THAT(chain(kV03, 1), FailsWith(Reason::kMalformed)) << "version 0.3 has no chains";
  EXPECT_THAT(with(kV01, {{"certificate", leaf}, {"publicKey", Json::object()}}),
              FailsWith(Reason::kMalformed));
  EXPECT_THAT(with(kV01, {{"certificate", leaf},
                          {"x509CertificateChain", {{"certificates", Json::array({leaf})}}}}),
              FailsWith(Reason::kMalformed));
  const auto long_one = [&](std::size_t size) {
    return with(kV03,
                {{"certificate", {{"rawBytes", base::EncodeBase64(base::ByteBuffer(size))}}}});
  };
  EXPECT_THAT(long_one(kMaxCertificateBytes), IsOk());
  EXPECT_THAT(long_one(kMaxCertificateBytes + 1), FailsWith(Reason::kTooLarge));
}

TEST(BundleTest, ReadsWhatALogEntrySays) {
  Json json = Good();
  json["verificationMaterial"]["tlogEntries"] = Json::array({LogEntry()});
  json["verificationMaterial"]["timestampVerificationData"] = {
      {"rfc3161Timestamps", Json::array({{{"signedTimestamp", "AQID"}}})}};
  const auto bundle = ParseWhole(json);
  ASSERT_THAT(bundle, IsOk());
  EXPECT_EQ(bundle->version, BundleVersion::kV03);
  EXPECT_EQ(bundle->material.timestamps, (std::vector<base::ByteBuffer>{{1, 2, 3}}));
  ASSERT_EQ(bundle->material.log_entries.size(), 1U);
  const struct LogEntry& entry = bundle->material.log_entries[0];
  EXPECT_EQ(entry.log_index, 735U);
  EXPECT_EQ(entry.log_id, base::ByteBuffer(3));
  EXPECT_EQ(entry.kind, "dsse");
  EXPECT_EQ(entry.version, "0.0.1");
  EXPECT_EQ(entry.integrated_time, Time(std::chrono::seconds(1700000000)));
  EXPECT_EQ(entry.canonicalized_body, base::ByteBuffer(3));
  EXPECT_EQ(entry.signed_entry_timestamp, base::ByteBuffer(3));
  ASSERT_TRUE(entry.inclusion_proof.has_value());
  EXPECT_EQ(entry.inclusion_proof->log_index, 7U);
  EXPECT_EQ(entry.inclusion_proof->tree_size, 8U);
  EXPECT_EQ(entry.inclusion_proof->root_hash, base::ByteBuffer(3));
  EXPECT_EQ(entry.inclusion_proof->hashes, std::vector<base::ByteBuffer>{base::ByteBuffer(3)});
  EXPECT_EQ(entry.inclusion_proof->checkpoint, "text");
}

// ProtoJSON: a null is an absent field, whatever its type.
TEST(BundleTest, ANullIsAnAbsence) {
  Json entry = LogEntry();
  for (const char* name :
       {"inclusionPromise", "logIndex", "logId", "integratedTime", "canonicalizedBody"}) {
    entry[name] = nullptr;
  }
  entry["inclusionProof"]["rootHash"] = nullptr;
  Json json = Good();
  json["verificationMaterial"]["tlogEntries"] = Json::array({entry});
  json["verificationMaterial"]["timestampVerificationData"] = {{"rfc3161Timestamps", nullptr}};
  json["verificationMaterial"]["certificate"] = nullptr;
  json["messageSignature"] = nullptr;
  json["dsseEnvelope"]["signatures"][0]["keyid"] = nullptr;
  const auto bundle = ParseWhole(json);
  ASSERT_THAT(bundle, IsOk());
  const auto& read = bundle->material.log_entries[0];
  EXPECT_FALSE(read.signed_entry_timestamp || read.integrated_time);
  EXPECT_EQ(read.log_index, 0U);
  EXPECT_TRUE(read.log_id.empty() && read.canonicalized_body.empty() &&
              read.inclusion_proof->root_hash.empty());
  EXPECT_TRUE(bundle->material.timestamps.empty());
  // What a version demands is not there then.
  json["mediaType"] = kV01;
  EXPECT_THAT(ParseWhole(json), FailsWith(Reason::kMalformed));
  json["mediaType"] = nullptr;
  EXPECT_THAT(ParseWhole(json), FailsWith(Reason::kUnsupportedFormat));
}

TEST(BundleTest, ATimeOfZeroIsNone) {
  for (const Json& none : {Json(0), Json("0")}) {
    Json entry = LogEntry();
    entry["integratedTime"] = none;
    Json json = Good();
    json["verificationMaterial"]["tlogEntries"] = Json::array({entry});
    const auto bundle = ParseWhole(json);
    ASSERT_THAT(bundle, IsOk());
    EXPECT_FALSE(bundle->material.log_entries[0].integrated_time.has_value());
  }
}

TEST(BundleTest, ReadsMessageSignatures) {
  const auto with = [](const Json& message) {
    Json json = Good();
    json.erase("dsseEnvelope");
    json["messageSignature"] = message;
    return ParseWhole(json);
  };
  const Json digest = {{"algorithm", "SHA2_256"}, {"digest", "AQID"}};
  const auto good = with({{"messageDigest", digest}, {"signature", "BAUG"}});
  ASSERT_THAT(good, IsOk());
  const auto& message = std::get<MessageSignature>(good->content);
  EXPECT_EQ(message.signature, (base::ByteBuffer{4, 5, 6}));
  ASSERT_TRUE(message.digest.has_value());
  EXPECT_EQ(message.digest->algorithm, HashAlgorithm::kSha256);
  EXPECT_EQ(message.digest->digest, (base::ByteBuffer{1, 2, 3}));
  EXPECT_THAT(with({{"signature", "BAUG"}}), IsOk());

  EXPECT_THAT(with({{"messageDigest", digest}}), FailsWith(Reason::kMalformed));
  EXPECT_THAT(with({{"signature", "BAUG"}, {"more", 1}}), FailsWith(Reason::kMalformed));
  for (const Json& other : {Json("SHA1"), Json("sha256"), Json("SHA2_512/256"), Json("")}) {
    Json odd = digest;
    odd["algorithm"] = other;
    EXPECT_THAT(with({{"messageDigest", odd}, {"signature", "BAUG"}}),
                FailsWith(Reason::kUnsupportedAlgorithm));
  }
  Json both = Good();
  both["messageSignature"] = {{"signature", "BAUG"}};
  EXPECT_THAT(ParseWhole(both), FailsWith(Reason::kMalformed));
}

TEST(BundleTest, RefusesEveryOtherShape) {
  const Json signature = Good()["dsseEnvelope"]["signatures"][0];
  const Json kCases[] = {
      Json::array(),
      With("/mediaType", 1),
      With("/media_type", "x"),
      With("/unknown", 1),
      With("/verificationMaterial", nullptr),
      With("/verificationMaterial", Json::object()),
      With("/verificationMaterial/unknown", 1),
      With("/verificationMaterial/tlogEntries", Json::object()),
      With("/verificationMaterial/publicKey", nullptr),
      With("/verificationMaterial/publicKey", "x"),
      With("/verificationMaterial/publicKey/hint", 1),
      With("/verificationMaterial/publicKey/rawBytes", "AAAA"),
      With("/verificationMaterial/timestampVerificationData", Json::array()),
      With("/verificationMaterial/timestampVerificationData", {{"more", 1}}),
      With("/dsseEnvelope", nullptr),
      With("/dsseEnvelope/unknown", 1),
      With("/dsseEnvelope/payload", nullptr),
      With("/dsseEnvelope/payload", 1),
      With("/dsseEnvelope/payloadType", nullptr),
      With("/dsseEnvelope/signatures", nullptr),
      With("/dsseEnvelope/signatures", Json::array()),
      With("/dsseEnvelope/signatures", Json::array({signature, signature})),
      With("/dsseEnvelope/signatures/0", "x"),
      With("/dsseEnvelope/signatures/0/more", 1),
      With("/dsseEnvelope/signatures/0/sig", nullptr),
      With("/dsseEnvelope/signatures/0", nullptr),
      With("/dsseEnvelope/signatures/0/keyid", 1),
      Without("", "verificationMaterial"),
      Without("", "dsseEnvelope"),
      Without("/dsseEnvelope", "payload"),
      Without("/dsseEnvelope", "payloadType"),
      Without("/dsseEnvelope", "signatures"),
      Without("/dsseEnvelope/signatures/0", "sig"),
  };
  for (const Json& json : kCases) {
    EXPECT_THAT(Parse(json), FailsWith(Reason::kMalformed)) << json;
  }
}

TEST(BundleTest, RefusesBase64InAnyOtherSpelling) {
  for (const char* text : {"YWJj\n", " YWJj", "YW Jj", "YWI", "YWI=\n", "YWI=x", "YW-_",
                           "YWJ=", "YWJjZA", "=", "YWJj====", "YWJjZB=="}) {
    EXPECT_THAT(Parse(With("/dsseEnvelope/payload", text)), FailsWith(Reason::kMalformed)) << text;
    EXPECT_THAT(Parse(With("/dsseEnvelope/signatures/0/sig", text)), FailsWith(Reason::kMalformed))
        << text;
  }
}

TEST(BundleTest, RefusesBadJson) {
  const std::string good = Good().dump();
  EXPECT_THAT(Parse(good + "x"), FailsWith(Reason::kMalformed));
  EXPECT_THAT(Parse(good + std::string(1, '\0')), FailsWith(Reason::kMalformed));
  std::string twice = good;
  twice.insert(1, R"("dsseEnvelope":{},)");
  EXPECT_THAT(Parse(twice), FailsWith(Reason::kDuplicateKey));
  std::string invalid = good;
  invalid.insert(good.find("bm90"), "\xff");
  EXPECT_THAT(Parse(invalid), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
