#include "verifier/transparency/rekor_annotation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/base64.h"
#include "json_mutations.h"
#include "private_sigstore/logged_signature.h"
#include "private_sigstore/rekor_log.h"
#include "result_matchers.h"
#include "verifier/transparency/verify_entry.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::HashedRekordBody;
using sigward::testing::IsOk;
using sigward::testing::LoggedSignature;
using sigward::testing::MutationsOf;
using sigward::testing::RekorLog;
using sigward::testing::RekorVersion;
using sigward::testing::TestKey;

constexpr Time kTime = RekorLog::kStart + std::chrono::seconds(1000);

class RekorAnnotationTest : public ::testing::Test {
 protected:
  RekorAnnotationTest()
      : signature_(LoggedSignature::By(TestKey::Shared(KeyType::kEcdsaP256), "artifact")),
        log_(RekorVersion::kV1, TestKey::Shared(KeyType::kEcdsaP256)),
        entry_(log_.Add(HashedRekordBody(signature_), kTime)),
        annotation_({{"SignedEntryTimestamp", base::EncodeBase64(*entry_.signed_entry_timestamp)},
                     {"Payload",
                      {{"body", base::EncodeBase64(entry_.canonicalized_body)},
                       {"integratedTime", kTime.time_since_epoch().count()},
                       {"logIndex", entry_.log_index},
                       {"logID", base::EncodeHex(entry_.log_id)}}}}) {}

  /// Parses and verifies.
  base::Result<std::vector<LoggedEntry>> Verify(const Json& annotation) const {
    SIGWARD_ASSIGN_OR_RETURN(LogEntry entry, ParseRekorAnnotation(annotation.dump()));
    const std::vector<LogEntry> entries = {std::move(entry)};
    return VerifyLogEntries(entries, signature_.content(), logs_,
                            {1, RequiredProof::kPromiseSuffices});
  }

  LoggedSignature signature_;
  RekorLog log_;
  LogEntry entry_;
  Json annotation_;
  std::vector<TransparencyLog> logs_ = {log_.trusted()};
};

TEST_F(RekorAnnotationTest, HoldsAnEntryWithAPromise) {
  const auto parsed = ParseRekorAnnotation(annotation_.dump());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->log_index, entry_.log_index);
  EXPECT_EQ(parsed->log_id, entry_.log_id);
  EXPECT_EQ(parsed->kind, "hashedrekord");
  EXPECT_EQ(parsed->version, "0.0.1");
  EXPECT_EQ(parsed->integrated_time, kTime);
  EXPECT_EQ(parsed->canonicalized_body, entry_.canonicalized_body);
  EXPECT_EQ(parsed->signed_entry_timestamp, entry_.signed_entry_timestamp);
  EXPECT_FALSE(parsed->inclusion_proof);
  const auto logged = Verify(annotation_);
  ASSERT_THAT(logged, IsOk());
  EXPECT_EQ(logged->front().trusted_time(), kTime);
}

TEST_F(RekorAnnotationTest, EveryFieldCounts) {
  std::size_t cases = 0;
  for (const auto& mutation : MutationsOf(annotation_)) {
    ++cases;
    EXPECT_FALSE(Verify(mutation.document).ok()) << mutation.name;
  }
  EXPECT_EQ(cases, 23U);
}

TEST_F(RekorAnnotationTest, WhatIsNoAnnotationIsMalformed) {
  for (const char* text : {"", "null", "[]", "{}", "{", "1"}) {
    EXPECT_THAT(ParseRekorAnnotation(text), FailsWith(Reason::kMalformed)) << text;
  }
  for (const char* member : {"integratedTime", "logIndex"}) {
    Json other = annotation_;
    other["Payload"][member] = -1;
    EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed)) << member;
    other["Payload"][member] = "1";
    EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed)) << member;
  }
  Json other = annotation_;
  other["Payload"]["integratedTime"] = 0;
  EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed));
  // The panic of cosign's issue 4648.
  other = annotation_;
  other["Payload"]["body"] = Json::object();
  EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed));
  other["Payload"]["body"] = base::EncodeBase64(base::AsBytes("null"));
  EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed));
  other = annotation_;
  other["Payload"]["more"] = 1;
  EXPECT_THAT(ParseRekorAnnotation(other.dump()), FailsWith(Reason::kMalformed));
  std::string twice = annotation_.dump();
  twice.insert(1, R"("SignedEntryTimestamp":"AAAA",)");
  EXPECT_THAT(ParseRekorAnnotation(twice), FailsWith(Reason::kDuplicateKey));
}

TEST_F(RekorAnnotationTest, IsBounded) {
  std::string text = annotation_.dump();
  text += std::string(kMaxRekorAnnotation - text.size(), ' ');
  EXPECT_THAT(ParseRekorAnnotation(text), IsOk());
  EXPECT_THAT(ParseRekorAnnotation(text + " "), FailsWith(Reason::kTooLarge));
}

}  // namespace
}  // namespace sigward::verifier
