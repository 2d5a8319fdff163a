// What the library adds to the cryptography that it cannot do without, and what matching costs.

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "image_evidence.h"
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

/// One signature by OpenSSL alone: the hash of the message and the curve's arithmetic.
void RawVerify(benchmark::State& state) {
  const std::string message = testing::SimpleSigningFor(testing::TestImage().text()).dump();
  const base::ByteBuffer signature = Key().Sign(base::AsBytes(message));
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  for (auto _ : state) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
    if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, Key().get()) != 1 ||
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes,
                         message.size()) != 1) {
      state.SkipWithError("the signature is not valid");
    }
  }
}

void VerifyEvidence(benchmark::State& state, const ImageEvidence& evidence) {
  const std::array<verifier::ImageAuthority, 1> authorities{testing::AuthorityOf(Key())};
  verifier::ChainMemory memory;
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
