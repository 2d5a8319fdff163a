// Bundles that others made, as they stand and with a key in place of a certificate.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/strict_json.h"
#include "image_evidence.h"
#include "result_matchers.h"
#include "verifier/bundle.h"
#include "verifier/evidence.h"

namespace sigward::verifier {
namespace {

using base::Json;
using base::Reason;
using sigward::testing::BundleFor;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;
using sigward::testing::TestKey;

Json Load(const std::string& name) {
  std::ifstream file(SIGWARD_SOURCE_DIR "/tests/vectors/sigstore-conformance/" + name + ".json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  base::Result<Json> json = base::ParseStrictJson(text, kMaxBundleBytes);
  EXPECT_TRUE(json.ok()) << name;
  return json.ok() ? std::move(json).value() : Json::object();
}

/// The same bundle by a key, around an image signature where it has no envelope.
Json ByKey(Json bundle) {
  Json& material = bundle["verificationMaterial"];
  material.erase("certificate");
  material.erase("x509CertificateChain");
  material["publicKey"] = {{"hint", "AAAA"}};
  if (bundle.erase("messageSignature") != 0) {
    bundle["dsseEnvelope"] =
        BundleFor(TestKey::Shared(KeyType::kEd25519), "payload")["dsseEnvelope"];
  }
  return bundle;
}

base::Result<Bundle> Parse(const Json& bundle) {
  return ParseBundle(base::AsBytes(bundle.dump()));
}

constexpr const char* kV01 = "application/vnd.dev.sigstore.bundle+json;version=0.1";
constexpr const char* kV02 = "application/vnd.dev.sigstore.bundle+json;version=0.2";
constexpr const char* kV03 = "application/vnd.dev.sigstore.bundle.v0.3+json";

TEST(SigstoreVectorsTest, ReadsLogEntriesOfEveryVersion) {
  const struct {
    const char* name;
    const char* version;
  } kFiles[] = {
      {"happy-path-v0.1", kV01},
      {"intoto-with-custom-trust-root", kV02},
      {"happy-path-intoto-in-dsse-v3", kV03},
      {"managed-key-happy-path", kV03},
      {"rekor2-dsse-happy-path", kV03},
  };
  for (const auto& file : kFiles) {
    const Json bundle = Load(file.name);
    EXPECT_EQ(bundle["mediaType"], file.version) << file.name;
    ASSERT_FALSE(bundle["verificationMaterial"]["tlogEntries"].empty()) << file.name;
    EXPECT_THAT(Parse(ByKey(bundle)), IsOk()) << file.name;
    EXPECT_THAT(Parse(bundle), IsOk()) << file.name;
  }
}

TEST(SigstoreVectorsTest, AnotherVersionOfItselfIsHeldToThatVersionsRules) {
  Json missing = ByKey(Load("intoto-missing-inclusion-proof_fail"));
  EXPECT_EQ(missing["mediaType"], kV02);
  EXPECT_THAT(Parse(missing), FailsWith(Reason::kMalformed));
  missing["mediaType"] = kV03;
  EXPECT_THAT(Parse(missing), FailsWith(Reason::kMalformed));
  missing["mediaType"] = kV01;
  EXPECT_THAT(Parse(missing), IsOk()) << "its promise is what v0.1 asks for";

  // Rekor v2 gives no promises.
  Json rekor2 = ByKey(Load("rekor2-dsse-happy-path"));
  rekor2["mediaType"] = kV01;
  EXPECT_THAT(Parse(rekor2), FailsWith(Reason::kMalformed));
}

}  // namespace
}  // namespace sigward::verifier
