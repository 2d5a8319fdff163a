// What the library adds to the cryptography that it cannot do without, and what matching costs.

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "image_evidence.h"
#include "keyless/image_fixture.h"
#include "policy/snapshot.h"
#include "test_key.h"
#include "verifier/image_ref.h"
#include "verifier/verify_image.h"

namespace sigward {
namespace {

using testing::ImageEvidence;
using testing::TestKey;
using verifier::Digest;

const TestKey& Key() {
  return TestKey::Shared(verifier::KeyType::kEcdsaP256);
}

/// A message and a signature of it, by OpenSSL alone: the hash and the curve's arithmetic.
class RawSignature {
 public:
  RawSignature(const TestKey& key, std::string message)
      : key_(&key), message_(std::move(message)), signature_(key.Sign(base::AsBytes(message_))) {}

  bool Verify() const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->get()) == 1 &&
           EVP_DigestVerify(context.get(), signature_.data(), signature_.size(),
                            reinterpret_cast<const unsigned char*>(message_.data()),
                            message_.size()) == 1;
  }

 private:
  const TestKey* key_;
  std::string message_;
  base::ByteBuffer signature_;
};

void RawVerify(benchmark::State& state) {
  const RawSignature raw(Key(), testing::SimpleSigningFor(testing::TestImage().text()).dump());
  for (auto _ : state) {
    if (!raw.Verify()) {
      state.SkipWithError("the signature is not valid");
    }
  }
}

/// What a keyless bundle cannot do without when its intermediate is known: the signatures of the
/// certificate, its SCT, the log's promise and checkpoint, and the artifact.
void KeylessRawChecks(benchmark::State& state) {
  const std::string message(1024, 'm');
  const RawSignature checks[] = {
      {testing::Sigstore().authority().intermediate_key(), message},
      {Key(), message},
      {Key(), message},
      {Key(), message},
      {Key(), message},
  };
  for (auto _ : state) {
    for (const RawSignature& check : checks) {
      if (!check.Verify()) {
        state.SkipWithError("the signature is not valid");
      }
    }
  }
}

void VerifyEvidence(benchmark::State& state, const ImageEvidence& evidence,
                    verifier::ImageAuthority authority = testing::AuthorityOf(Key())) {
  const std::array<verifier::ImageAuthority, 1> authorities{std::move(authority)};
  verifier::ChainMemory memory;
  for (const verifier::CertificateAuthority& known :
       testing::SigstoreRoot().certificate_authorities()) {
    if (!memory.Learn(known).ok()) {
      state.SkipWithError("the chain is not valid");
    }
  }
  for (auto _ : state) {
    const verifier::ImageVerdict verdict = verifier::VerifyImage(
        testing::TestImage(), testing::LinuxAmd64(), evidence.evidence(), authorities, memory);
    if (verdict.authorities.front().outcome.index() != 1) {
      state.SkipWithError("the image is not signed");
    }
  }
}

void LegacySignature(benchmark::State& state) {
  ImageEvidence evidence;
  testing::AddGoodLegacy(evidence, testing::TestImage(), Key());
  VerifyEvidence(state, evidence);
}

void BundleSignature(benchmark::State& state) {
  ImageEvidence evidence;
  testing::AddGoodBundle(evidence, testing::TestImage(), Key());
  VerifyEvidence(state, evidence);
}

/// What OpenSSL takes to read a certificate, most of it the search for a decoder of its key.
void ReadCertificate(benchmark::State& state) {
  const base::ByteBuffer der =
      testing::PartsOf(testing::KindNamed("03 dsse")).logged.certificate.value();
  for (auto _ : state) {
    const unsigned char* at = der.data();
    X509_free(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  }
}

void KeylessBundle(benchmark::State& state) {
  ImageEvidence evidence;
  testing::AddBundle(evidence, testing::PartsOf(testing::KindNamed("03 dsse")));
  VerifyEvidence(state, evidence, testing::Keyless());
}

void KeylessLegacySignature(benchmark::State& state) {
  ImageEvidence evidence;
  testing::AddLegacySignature(evidence, testing::Sigstore().Make(testing::LegacyPlan()));
  VerifyEvidence(state, evidence, testing::Keyless());
}

/// As many policies as the state says, each with globs of the shapes that people write; one of them
/// matches.
std::shared_ptr<const policy::PolicySnapshot> ManyPolicies(std::int64_t count) {
  std::vector<policy::Policy> policies;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    policy::Policy one;
    one.name = "team-" + number;
    for (const std::string& glob :
         {"registry.example/team-" + number + "/**", "mirror.example/*/team-" + number + "-*"}) {
      one.globs.push_back(policy::Glob::Parse(glob).value());
    }
    one.authorities.push_back({"key", policy::KeyRule::Of(Key().public_pem(), {}).value()});
    policies.push_back(std::move(one));
  }
  return policy::PolicySnapshot::Parse(policy::Compile(policies, policy::NoMatch::kDeny, ""), 1)
      .value();
}

void Match(benchmark::State& state) {
  const auto snapshot = ManyPolicies(state.range(0));
  const auto image = verifier::ImageRef::Parse("registry.example/team-500/service/api:v1").value();
  for (auto _ : state) {
    if (snapshot->Select(image, testing::TestImage()).size() != 1) {
      state.SkipWithError("not one policy matches");
    }
  }
}

BENCHMARK(RawVerify);
BENCHMARK(LegacySignature);
BENCHMARK(BundleSignature);
BENCHMARK(KeylessRawChecks);
BENCHMARK(ReadCertificate);
BENCHMARK(KeylessBundle);
BENCHMARK(KeylessLegacySignature);
BENCHMARK(Match)->Arg(1000);

}  // namespace
}  // namespace sigward

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv) || !sigward::verifier::WarmUp().ok()) {
    return EXIT_FAILURE;
  }
  benchmark::RunSpecifiedBenchmarks();
  return EXIT_SUCCESS;
}
