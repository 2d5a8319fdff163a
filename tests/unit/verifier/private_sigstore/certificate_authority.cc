#include "private_sigstore/certificate_authority.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "private_sigstore/der_writer.h"

namespace sigward::testing {
namespace {

using verifier::Certificate;
using verifier::Time;

constexpr const char* kSctListOid = "1.3.6.1.4.1.11129.2.4.2";

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void SetName(X509_NAME* name, const std::string& subject) {
  if (!subject.empty()) {
    Require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(subject.c_str()), -1,
                                       -1, 0) == 1);
  }
}

void SetTimes(X509* x509, const CertificatePlan& plan) {
  const auto seconds = [](const std::optional<Time>& time) {
    return time.value().time_since_epoch().count();
  };
  Require(ASN1_TIME_set(X509_getm_notBefore(x509), seconds(plan.validity.start)) != nullptr);
  Require(ASN1_TIME_set(X509_getm_notAfter(x509), seconds(plan.validity.end)) != nullptr);
}

void AddStandard(X509* x509, X509* issuer, const std::map<std::string, std::string>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  for (const auto& [name, value] : extensions) {
    if (value.empty()) {
      continue;
    }
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, &context, OBJ_txt2nid(name.c_str()), value.c_str());
    Require(extension != nullptr && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
}

void AddRaw(X509* x509, const RawExtension& raw) {
  ASN1_OBJECT* oid = OBJ_txt2obj(raw.oid.c_str(), 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  Require(oid != nullptr &&
          ASN1_OCTET_STRING_set(value, raw.value.data(), static_cast<int>(raw.value.size())) == 1);
  X509_EXTENSION* extension =
      X509_EXTENSION_create_by_OBJ(nullptr, oid, raw.critical ? 1 : 0, value);
  Require(extension != nullptr && X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
}

base::ByteBuffer Encoded(int (*encode)(X509*, unsigned char**), X509* x509) {
  unsigned char* der = nullptr;
  const int size = encode(x509, &der);
  Require(size > 0);
  base::ByteBuffer out(der, der + size);
  OPENSSL_free(der);
  return out;
}

void Sign(X509* x509, const TestKey& signer, const char* digest) {
  const bool ed25519 = EVP_PKEY_is_a(signer.get(), "ED25519") == 1;
  Require(X509_sign(x509, signer.get(), ed25519 ? nullptr : EVP_get_digestbyname(digest)) > 0);
}

}  // namespace

RawExtension FulcioExtension(int number, base::ByteBuffer value) {
  return {"1.3.6.1.4.1.57264.1." + std::to_string(number), std::move(value), false};
}

RawExtension SubjectAltNames(std::initializer_list<base::ByteView> names) {
  return {"2.5.29.17", Element(0x30, names), true};
}

base::ByteBuffer EmailName(std::string_view name) {
  return Element(0x81, {base::AsBytes(name)});
}

base::ByteBuffer UriName(std::string_view name) {
  return Element(0x86, {base::AsBytes(name)});
}

base::ByteBuffer OtherName(std::string_view name) {
  const base::ByteBuffer oid =
      Element(0x06, {base::AsBytes("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07")});
  return Element(0xa0, {oid, Element(0xa0, {Utf8String(name)})});
}

CertificatePlan RootPlan() {
  CertificatePlan plan;
  plan.subject = "private sigstore";
  plan.validity.start = kSigningTime - std::chrono::years(1);
  plan.validity.end = kSigningTime + std::chrono::years(1);
  plan.standard = {{"basicConstraints", "critical,CA:TRUE,pathlen:1"},
                   {"keyUsage", "critical,keyCertSign,cRLSign"},
                   {"subjectKeyIdentifier", "hash"}};
  return plan;
}

CertificatePlan IntermediatePlan() {
  CertificatePlan plan = RootPlan();
  plan.subject = "private sigstore intermediate";
  plan.validity.start = kSigningTime - std::chrono::months(1);
  plan.validity.end = kSigningTime + std::chrono::months(1);
  plan.standard["basicConstraints"] = "critical,CA:TRUE,pathlen:0";
  plan.standard["extendedKeyUsage"] = "codeSigning";
  plan.standard["authorityKeyIdentifier"] = "keyid";
  return plan;
}

CertificatePlan LeafPlan() {
  CertificatePlan plan;
  plan.validity.start = kSigningTime - std::chrono::minutes(1);
  plan.validity.end = kSigningTime + std::chrono::minutes(9);
  plan.standard = {{"keyUsage", "critical,digitalSignature"},
                   {"extendedKeyUsage", "codeSigning"},
                   {"subjectKeyIdentifier", "hash"},
                   {"authorityKeyIdentifier", "keyid"}};
  const base::ByteView issuer = base::AsBytes(kIssuer);
  plan.raw = {SubjectAltNames({UriName(kSubjectUri)}),
              FulcioExtension(1, base::ByteBuffer(issuer.begin(), issuer.end())),
              FulcioExtension(8, Utf8String(kIssuer))};
  return plan;
}

base::ByteBuffer MakeCertificate(const CertificatePlan& plan, const TestKey& subject,
                                 const Certificate* issuer, const TestKey& signer) {
  static long serial = 1;
  const std::unique_ptr<X509, decltype(&X509_free)> owner(X509_new(), X509_free);
  X509* x509 = owner.get();
  Require(X509_set_version(x509, X509_VERSION_3) == 1);
  Require(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++) == 1);
  SetTimes(x509, plan);
  SetName(X509_get_subject_name(x509), plan.subject);
  X509* issuer_x509 = issuer == nullptr ? x509 : issuer->x509();
  Require(X509_set_issuer_name(x509, X509_get_subject_name(issuer_x509)) == 1);
  Require(X509_set_pubkey(x509, subject.get()) == 1);
  AddStandard(x509, issuer_x509, plan.standard);
  for (const RawExtension& raw : plan.raw) {
    AddRaw(x509, raw);
  }
  Sign(x509, signer, plan.digest);
  if (plan.sct_list) {
    AddRaw(x509,
           {kSctListOid, plan.sct_list(Encoded(i2d_re_X509_tbs, x509), signer.spki()), false});
    Sign(x509, signer, plan.digest);
  }
  return Encoded([](X509* x, unsigned char** out) { return i2d_X509(x, out); }, x509);
}

Certificate ParseCertificate(const base::ByteBuffer& der) {
  return std::move(Certificate::Parse(der)).value();
}

PrivateAuthority::PrivateAuthority(const CertificatePlan& root_plan,
                                   const CertificatePlan& intermediate_plan)
    : root_key_(TestKey::Ec("P-384")),
      intermediate_key_(TestKey::Ec("P-384")),
      root_(ParseCertificate(MakeCertificate(root_plan, root_key_, nullptr, root_key_))),
      intermediate_(ParseCertificate(
          MakeCertificate(intermediate_plan, intermediate_key_, &root_, root_key_))) {}

verifier::CertificateAuthority PrivateAuthority::trusted() const {
  return {"https://fulcio.example", {intermediate_, root_}, {}, {}};
}

Certificate PrivateAuthority::Issue(const CertificatePlan& plan, const TestKey& subject) const {
  return ParseCertificate(MakeCertificate(plan, subject, &intermediate_, intermediate_key_));
}

}  // namespace sigward::testing
