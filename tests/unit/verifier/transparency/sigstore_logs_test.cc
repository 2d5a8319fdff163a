// Log entries that others made: of every bundle of sigstore-conformance, what its log says about
// it. Where a bundle is wrong in another part, its entry is as good as any.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "result_matchers.h"
#include "verifier/bundle.h"
#include "verifier/certificate/certificate.h"
#include "verifier/pem.h"
#include "verifier/transparency/verify_entry.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

// SHA-256 of what most of the bundles are signatures of, and of another file.
constexpr const char* kArtifact =
    "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
constexpr const char* kOtherArtifact =
    "1fa70528334cd25fb9b4aabc0a81c96a0c8e8ff48b59be6dfbe9897e8e7f5c93";

const std::string kSource = SIGWARD_SOURCE_DIR "/";
const std::string kVectors = "tests/vectors/sigstore-conformance/";

/// Empty when there is no such file.
std::string Load(const std::string& path) {
  std::ifstream file(kSource + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TrustRoot RootOf(const std::string& name) {
  std::string own = Load(kVectors + name + ".trusted_root.json");
  const std::string text = own.empty() ? Load("policy/sigstore/trusted_root.json") : std::move(own);
  return std::move(TrustRoot::Parse(base::AsBytes(text))).value();
}

/// The bundle's signer: DER of its certificate, and of its key.
struct Signer {
  std::optional<ByteBuffer> certificate;
  ByteBuffer spki;
};

Signer SignerOf(const std::string& name, const Bundle& bundle) {
  if (const auto* certificates = std::get_if<BundledCertificates>(&bundle.material.signer)) {
    const ByteBuffer& der = certificates->der.front();
    const Certificate leaf = std::move(Certificate::Parse(der)).value();
    return {der, {leaf.spki().begin(), leaf.spki().end()}};
  }
  const std::string pem = Load(kVectors + name + ".key.pub");
  return {std::nullopt, std::move(ParsePem(pem, kMaxPublicKeyPem)).value().contents};
}

base::Result<std::vector<LoggedEntry>> Verify(const std::string& name, const TrustRoot& root,
                                              const char* artifact) {
  const std::string text = Load(kVectors + name + ".json");
  SIGWARD_ASSIGN_OR_RETURN(const Bundle bundle, ParseBundle(base::AsBytes(text)));
  const Signer signer = SignerOf(name, bundle);
  const ByteBuffer digest = std::move(base::DecodeHex(artifact, 32)).value();
  LoggedContent content{{}, signer.certificate, signer.spki, {}};
  if (const auto* envelope = std::get_if<DsseEnvelope>(&bundle.content)) {
    content.signature = envelope->signature;
    content.subject = LoggedEnvelope{envelope->payload_type, envelope->payload, {}};
  } else {
    content.signature = std::get<MessageSignature>(bundle.content).signature;
    content.subject = LoggedArtifact{{{HashAlgorithm::kSha256, digest}}};
  }
  const RequiredProof proof = bundle.version == BundleVersion::kV01
                                  ? RequiredProof::kPromiseSuffices
                                  : RequiredProof::kInclusionProof;
  return VerifyLogEntries(bundle.material.log_entries, content, root.logs(), {1, proof});
}

TEST(SigstoreLogsTest, EntriesThatAreRightAreLogged) {
  const struct {
    const char* name;
    bool has_time;
  } kGood[] = {
      {"bundle-with-sct-with-extensions", false},
      {"happy-path-intoto-in-dsse-v3", true},
      {"happy-path-v0.1", true},
      {"happy-path-v0.3", true},
      {"integrated-time-in-future_fail", true},
      {"intoto-expired-certificate_fail", true},
      {"intoto-set-outside-signing-cert-validity_fail", true},
      {"intoto-tsa-timestamp-outside-cert-validity_fail", true},
      {"intoto-with-custom-trust-root", true},
      {"managed-key-and-trusted-root", true},
      {"managed-key-happy-path", true},
      {"message-digest-mismatch_fail", true},
      {"rekor2-checkpoint-cosigned", false},
      {"rekor2-checkpoint-origin-not-first", false},
      {"rekor2-dsse-happy-path", false},
      {"rekor2-happy-path", false},
      {"rekor2-timestamp-outside-trust-root-tsa-validity_fail", false},
      {"rekor2-timestamp-outside-tsa-cert-validity_fail", false},
      {"rekor2-timestamp-payload-mismatch_fail", false},
      {"rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", false},
      {"rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", false},
      {"rekor2-timestamp-with-embedded-cert", false},
      {"rekor2-timestamp-without-embedded-cert", false},
  };
  EXPECT_EQ(std::size(kGood), 23U);
  for (const auto& good : kGood) {
    const TrustRoot root = RootOf(good.name);
    const auto logged = Verify(good.name, root, kArtifact);
    ASSERT_THAT(logged, IsOk()) << good.name;
    ASSERT_EQ(logged->size(), 1U) << good.name;
    EXPECT_EQ(logged->front().trusted_time().has_value(), good.has_time) << good.name;
    EXPECT_EQ(logged->front().claimed_time(), logged->front().trusted_time()) << good.name;
    if (good.has_time) {
      EXPECT_TRUE(root.logs().front().validity.Contains(*logged->front().trusted_time()));
    }
  }
}

TEST(SigstoreLogsTest, EntriesThatAreWrongAreNot) {
  const struct {
    const char* name;
    Reason reason;
  } kBad[] = {
      {"bundle-from-wrong-instance_fail", Reason::kNotLogged},
      {"dsse-mismatch-envelope_fail", Reason::kLogMismatch},
      {"inclusion-proof-corrupted-hash_fail", Reason::kNotLogged},
      {"intoto-log-entry-mismatch_fail", Reason::kLogMismatch},
      {"intoto-missing-inclusion-proof_fail", Reason::kMalformed},
      {"invalid-checkpoint-signature_fail", Reason::kNotLogged},
      {"invalid-inclusion-proof_fail", Reason::kMalformed},
      {"rekor2-checkpoint-missing-log-signature_fail", Reason::kMalformed},
      {"rekor2-checkpoint-missing-root-hash_fail", Reason::kNotLogged},
      {"rekor2-checkpoint-missing-size_fail", Reason::kNotLogged},
      {"rekor2-checkpoint-no-matching-signature_fail", Reason::kNotLogged},
      {"rekor2-dsse-invalid-sig_fail", Reason::kLogMismatch},
      {"rekor2-dsse-mismatch-sig_fail", Reason::kLogMismatch},
      {"wrong-hashedrekord-artifact_fail", Reason::kLogMismatch},
      {"wrong-hashedrekord-cert-and-sig_fail", Reason::kLogMismatch},
  };
  EXPECT_EQ(std::size(kBad), 15U);
  for (const auto& bad : kBad) {
    const TrustRoot root = RootOf(bad.name);
    EXPECT_THAT(Verify(bad.name, root, kArtifact), FailsWith(bad.reason)) << bad.name;
  }
}

TEST(SigstoreLogsTest, AnEntryIsOfItsArtifactAlone) {
  const std::string name = "wrong-material_fail";
  const TrustRoot root = RootOf(name);
  EXPECT_THAT(Verify(name, root, kArtifact), IsOk());
  EXPECT_THAT(Verify(name, root, kOtherArtifact), FailsWith(Reason::kLogMismatch));
}

TEST(SigstoreLogsTest, AProductionEntryBesideSomethingElseIsAMismatch) {
  // CVE-2026-22703: any valid entry was good for anything.
  const TrustRoot root = RootOf("happy-path-v0.3");
  for (const char* name : {"happy-path-v0.1", "managed-key-happy-path"}) {
    Bundle donor = std::move(ParseBundle(base::AsBytes(Load(kVectors + name + ".json")))).value();
    const Bundle bundle =
        std::move(ParseBundle(base::AsBytes(Load(kVectors + "happy-path-v0.3.json")))).value();
    const Signer signer = SignerOf("happy-path-v0.3", bundle);
    const ByteBuffer digest = std::move(base::DecodeHex(kArtifact, 32)).value();
    const LoggedContent content{std::get<MessageSignature>(bundle.content).signature,
                                signer.certificate, signer.spki,
                                LoggedArtifact{{{HashAlgorithm::kSha256, digest}}}};
    EXPECT_THAT(VerifyLogEntries(donor.material.log_entries, content, root.logs(),
                                 {1, RequiredProof::kPromiseSuffices}),
                FailsWith(Reason::kLogMismatch))
        << name;
    donor.material.log_entries[0].inclusion_proof.reset();
    EXPECT_THAT(VerifyLogEntries(donor.material.log_entries, content, root.logs(),
                                 {1, RequiredProof::kPromiseSuffices}),
                FailsWith(Reason::kLogMismatch))
        << name << " by its promise alone";
  }
}

}  // namespace
}  // namespace sigward::verifier
