// Time stamps that others made, and another's judgement of them: OpenSSL's own.

#include <gtest/gtest.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "base/base64.h"
#include "base/strict_json.h"
#include "timestamp_fixture.h"
#include "verifier/trust/trusted_root.h"

namespace sigward::verifier {
namespace {

using base::ByteBuffer;
using base::Json;
using base::Reason;
using sigward::testing::FailsWith;
using sigward::testing::IsOk;

constexpr std::size_t kMaxFile = 1U << 20;

std::string Load(const std::string& name) {
  std::ifstream file(SIGWARD_SOURCE_DIR "/tests/vectors/sigstore-conformance/" + name);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

ByteBuffer Decode(std::string text) {
  // One case has line breaks in its base64.
  std::erase(text, '\n');
  return std::move(base::DecodeBase64(text, kMaxFile)).value();
}

/// The time stamp of a bundle, what it stamps, and who is trusted with it.
struct Case {
  explicit Case(const std::string& name, const std::string& root)
      : trust(std::move(TrustRoot::Parse(base::AsBytes(Load(root)))).value()) {
    const Json bundle = std::move(base::ParseStrictJson(Load(name + ".json"), kMaxFile)).value();
    const Json& stamps =
        bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    EXPECT_EQ(stamps.size(), 1U) << name;
    token = Decode(stamps[0]["signedTimestamp"]);
    signature = Decode(bundle.contains("messageSignature")
                           ? bundle["messageSignature"]["signature"]
                           : bundle["dsseEnvelope"]["signatures"][0]["sig"]);
  }
  base::Result<VerifiedTimestamp> Verify() const {
    return sigward::testing::VerifyAlone(token, signature, trust.timestamp_authorities());
  }
  TrustRoot trust;
  ByteBuffer token;
  ByteBuffer signature;
};

Case WithOwnRoot(const std::string& name) {
  return Case(name, name + ".trusted_root.json");
}

TEST(SigstoreTimestampsTest, GoodOnesVerify) {
  std::size_t count = 0;
  for (const char* name :
       {"bundle-with-sct-with-extensions", "intoto-with-custom-trust-root", "rekor2-happy-path",
        "rekor2-dsse-happy-path", "rekor2-timestamp-with-embedded-cert",
        "rekor2-timestamp-without-embedded-cert",
        // These two are refused for the certificate of the signature, which was not valid then.
        "intoto-tsa-timestamp-outside-cert-validity_fail",
        "rekor2-timestamp-with-incorrect-time_fail"}) {
    EXPECT_THAT(WithOwnRoot(name).Verify(), IsOk()) << name;
    ++count;
  }
  EXPECT_THAT(
      Case("managed-key-happy-path", "bundle-with-sct-with-extensions.trusted_root.json").Verify(),
      IsOk());
  EXPECT_EQ(count, 8U);
}

TEST(SigstoreTimestampsTest, BadOnesFailForWhatTheirNamesSay) {
  const struct {
    const char* name;
    Reason reason;
  } kCases[] = {
      {"rekor2-timestamp-outside-trust-root-tsa-validity_fail", Reason::kExpired},
      {"rekor2-timestamp-outside-tsa-cert-validity_fail", Reason::kExpired},
      {"rekor2-timestamp-payload-mismatch_fail", Reason::kTimestampInvalid},
      {"rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", Reason::kUntrustedCertificate},
      {"rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", Reason::kUntrustedCertificate},
  };
  for (const auto& bad : kCases) {
    EXPECT_THAT(WithOwnRoot(bad.name).Verify(), FailsWith(bad.reason)) << bad.name;
  }
}

/// What OpenSSL says of TOKEN by an authority that lists its leaf first.
bool OpenSslVerifies(const ByteBuffer& token, const ByteBuffer& signature,
                     const CertificateAuthority& authority, Time time) {
  const unsigned char* at = token.data();
  const std::unique_ptr<TS_RESP, decltype(&TS_RESP_free)> response(
      d2i_TS_RESP(nullptr, &at, static_cast<long>(token.size())), TS_RESP_free);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, authority.chain.back().x509());
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), time.time_since_epoch().count());
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  STACK_OF(X509)* certificates = sk_X509_new_null();
  for (const Certificate& certificate : authority.chain) {
    X509_up_ref(certificate.x509());
    sk_X509_push(certificates, certificate.x509());
  }
  // The context frees what it is given, the BIO too.
  const std::unique_ptr<TS_VERIFY_CTX, decltype(&TS_VERIFY_CTX_free)> context(TS_VERIFY_CTX_new(),
                                                                              TS_VERIFY_CTX_free);
  TS_VERIFY_CTX_set_flags(context.get(), TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_DATA);
  TS_VERIFY_CTX_set_data(context.get(),
                         BIO_new_mem_buf(signature.data(), static_cast<int>(signature.size())));
  TS_VERIFY_CTX_set_store(context.get(), store);
  TS_VERIFY_CTX_set_certs(context.get(), certificates);
  return response != nullptr && TS_RESP_verify_response(context.get(), response.get()) == 1;
}

TEST(SigstoreTimestampsTest, OpenSslAgrees) {
  for (const char* name :
       {"bundle-with-sct-with-extensions", "intoto-with-custom-trust-root", "rekor2-happy-path",
        "rekor2-dsse-happy-path", "rekor2-timestamp-with-embedded-cert"}) {
    const Case one = WithOwnRoot(name);
    const auto stamp = one.Verify();
    ASSERT_THAT(stamp, IsOk()) << name;
    EXPECT_TRUE(OpenSslVerifies(one.token, one.signature, stamp->authority(), stamp->time()))
        << name;
  }
  const sigward::testing::TimestampAuthority tsa;
  const ByteBuffer signature = {1, 2, 3};
  const ByteBuffer made = Encode(tsa.Plan(signature));
  EXPECT_TRUE(
      OpenSslVerifies(made, signature, tsa.Trusted(), sigward::testing::TimestampAuthority::kNow))
      << "what the tests make is what others take for a time stamp";
  EXPECT_FALSE(
      OpenSslVerifies(made, {1, 2}, tsa.Trusted(), sigward::testing::TimestampAuthority::kNow));
}

}  // namespace
}  // namespace sigward::verifier
