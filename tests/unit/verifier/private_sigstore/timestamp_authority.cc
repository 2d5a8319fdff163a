#include "private_sigstore/timestamp_authority.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdlib>

#include "private_sigstore/der_writer.h"
#include "verifier/ossl.h"
#include "verifier/timestamp/signing_certificate.h"

namespace sigward::testing {
namespace {

using base::ByteBuffer;
using base::ByteView;
using verifier::Certificate;
using verifier::HashAlgorithm;
using verifier::Time;

constexpr const char* kSha256 = "2.16.840.1.101.3.4.2.1";

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

ByteBuffer Sha1(ByteView bytes) {
  ByteBuffer out(20);
  std::size_t size = 0;
  Require(EVP_Q_digest(nullptr, "SHA1", nullptr, bytes.data(), bytes.size(), out.data(), &size) ==
          1);
  return out;
}

ByteBuffer Owned(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

ByteBuffer SerialElement(const Certificate& certificate) {
  return Element(0x02, verifier::SerialOf(certificate));
}

ByteBuffer EncodeInfo(const StampPlan& plan) {
  return Sequence({plan.version, Oid("1.3.6.1.4.1.57264.2"),
                   Sequence({plan.imprint_algorithm, OctetString(plan.imprint)}), Integer(7),
                   GeneralizedTime(plan.gen_time), plan.info_rest});
}

ByteBuffer EncodeSigner(const StampPlan& plan, const ByteBuffer& info) {
  const ByteBuffer attributes = Concatenated(plan.attributes(info));
  const TestKey& key = plan.other_key == nullptr ? plan.signer->key : *plan.other_key;
  return Sequence({Integer(plan.signer_version),
                   plan.signer_name.value_or(SignerNameOf(plan.signer->certificate)),
                   plan.digest_algorithm, Element(0xa0, attributes), plan.signature_algorithm,
                   OctetString(key.Sign(Element(0x31, attributes), plan.digest)),
                   plan.unsigned_attributes});
}

}  // namespace

std::string GenTimeOf(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  char text[32];
  std::snprintf(text, sizeof(text), "%04d%02u%02u%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

const Time TimestampAuthority::kNow = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);

Certified Certify(const CertificatePlan& plan, const TestKey& key, const Certified* issuer) {
  return {key, ParseCertificate(MakeCertificate(plan, key,
                                                issuer == nullptr ? nullptr : &issuer->certificate,
                                                issuer == nullptr ? key : issuer->key))};
}

ByteBuffer Attribute(const char* oid, const ByteBuffer& value) {
  return Sequence({Oid(oid), Set({value})});
}

ByteBuffer ContentTypeAttribute() {
  return Attribute("1.2.840.113549.1.9.3", Oid("1.2.840.113549.1.9.16.1.4"));
}

ByteBuffer MessageDigestAttribute(ByteView info, HashAlgorithm hash) {
  return Attribute("1.2.840.113549.1.9.4", OctetString(verifier::HashOf(info, hash)));
}

ByteBuffer IssuerSerialOf(const Certificate& certificate) {
  return Sequence({Sequence({Element(0xa4, certificate.issuer())}), SerialElement(certificate)});
}

ByteBuffer CertificateIdV2(const Certificate& certificate) {
  return Sequence({OctetString(verifier::HashOf(certificate.der(), HashAlgorithm::kSha256)),
                   IssuerSerialOf(certificate)});
}

ByteBuffer SigningCertificateV2(std::initializer_list<ByteBuffer> ids) {
  return Attribute("1.2.840.113549.1.9.16.2.47", Sequence({Element(0x30, Concatenated(ids))}));
}

ByteBuffer SigningCertificateV1(const Certificate& certificate) {
  return Attribute("1.2.840.113549.1.9.16.2.12",
                   Sequence({Sequence({Sequence({OctetString(Sha1(certificate.der()))})})}));
}

ByteBuffer SignerNameOf(const Certificate& certificate) {
  return Sequence({Owned(certificate.issuer()), SerialElement(certificate)});
}

CertificatePlan TimestampAuthority::LeafPlan() {
  CertificatePlan plan;
  plan.subject = "stamps";
  plan.validity = {kNow - std::chrono::days(1), kNow + std::chrono::days(100)};
  plan.standard = {{"keyUsage", "critical,digitalSignature"},
                   {"extendedKeyUsage", "critical,timeStamping"},
                   {"subjectKeyIdentifier", "hash"}};
  return plan;
}

CertificatePlan TimestampAuthority::IntermediatePlan() {
  CertificatePlan plan = RootPlan();
  plan.subject = "intermediate";
  plan.validity.end = kNow + std::chrono::days(200);
  plan.standard["extendedKeyUsage"] = "timeStamping";
  return plan;
}

CertificatePlan TimestampAuthority::RootPlan() {
  CertificatePlan plan;
  plan.subject = "root";
  plan.validity = {kNow - std::chrono::days(1), kNow + std::chrono::days(300)};
  plan.standard = {{"basicConstraints", "critical,CA:TRUE"},
                   {"keyUsage", "critical,keyCertSign,cRLSign"},
                   {"subjectKeyIdentifier", "hash"}};
  return plan;
}

TimestampAuthority::TimestampAuthority()
    : root_(Certify(RootPlan(), TestKey::Ec("P-384"), nullptr)),
      intermediate_(Certify(IntermediatePlan(), TestKey::Ec("P-256"), &root_)),
      leaf_(Certify(LeafPlan(), TestKey::Ec("P-256"), &intermediate_)) {}

Certified TimestampAuthority::MakeLeaf(const CertificatePlan& plan) const {
  return Certify(plan, TestKey::Ec("P-256"), &intermediate_);
}

verifier::CertificateAuthority TimestampAuthority::Trusted() const {
  return {"https://tsa.example",
          {leaf_.certificate, intermediate_.certificate, root_.certificate},
          {kNow - std::chrono::days(1), std::nullopt},
          ""};
}

verifier::CertificateAuthority TimestampAuthority::TrustedWithoutLeaf() const {
  verifier::CertificateAuthority authority = Trusted();
  authority.chain.erase(authority.chain.begin());
  return authority;
}

StampPlan TimestampAuthority::Plan(ByteView signature) const {
  return PlanBy(leaf_, signature);
}

StampPlan TimestampAuthority::PlanBy(const Certified& signer, ByteView signature) {
  StampPlan plan;
  plan.token_type = Oid("1.2.840.113549.1.7.2");
  plan.content_type = Oid("1.2.840.113549.1.9.16.1.4");
  plan.version = Integer(1);
  plan.imprint_algorithm = Algorithm(kSha256);
  plan.imprint = verifier::HashOf(signature, HashAlgorithm::kSha256);
  plan.gen_time = GenTimeOf(kNow);
  plan.signer = &signer;
  plan.digest_algorithm = Algorithm(kSha256);
  plan.signature_algorithm = Sequence({Oid("1.2.840.10045.4.3.2")});
  plan.attributes = [certificate = signer.certificate](const ByteBuffer& info) {
    return std::vector<ByteBuffer>{ContentTypeAttribute(), MessageDigestAttribute(info),
                                   SigningCertificateV2({CertificateIdV2(certificate)})};
  };
  return plan;
}

ByteBuffer Encode(const StampPlan& plan) {
  ByteBuffer info = EncodeInfo(plan);
  const ByteBuffer signer = EncodeSigner(plan, info);
  if (plan.change_info) {
    plan.change_info(info);
  }
  const ByteBuffer certificates =
      plan.carried ? Element(0xa0, Concatenated(*plan.carried)) : ByteBuffer();
  const ByteBuffer signers = Element(
      0x31, Concatenated(std::vector<ByteBuffer>(static_cast<std::size_t>(plan.signers), signer)));
  const ByteBuffer data =
      Sequence({Integer(3), Set({plan.digest_algorithm}),
                Sequence({plan.content_type, Element(0xa0, {OctetString(info)})}), certificates,
                plan.revocation_lists, signers});
  return Sequence({Sequence({Integer(static_cast<std::uint8_t>(plan.status)), plan.status_rest}),
                   Sequence({plan.token_type, Element(0xa0, {data})}), plan.response_rest});
}

}  // namespace sigward::testing
