#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "test_key.h"
#include "verifier/certificate/certificate.h"
#include "verifier/trust/certificate_authority.h"
#include "verifier/validity.h"

namespace sigward::testing {

/// When things are signed unless a test says otherwise.
inline constexpr verifier::Time kSigningTime =
    std::chrono::sys_days(std::chrono::year_month_day{std::chrono::year(2026),
                                                      std::chrono::month(6), std::chrono::day(1)}) +
    std::chrono::hours(12);

inline constexpr std::string_view kSubjectUri =
    "https://github.com/example/app/.github/workflows/release.yml@refs/heads/main";
inline constexpr std::string_view kIssuer = "https://token.actions.githubusercontent.com";

/// An extension with the contents of its OCTET STRING.
struct RawExtension {
  /// In dots.
  std::string oid;
  base::ByteBuffer value;
  bool critical = false;
};

/// Fulcio's extension 1.3.6.1.4.1.57264.1.NUMBER.
RawExtension FulcioExtension(int number, base::ByteBuffer value);
/// The subject alternative names, given as GeneralName elements.
RawExtension SubjectAltNames(std::initializer_list<base::ByteView> names);
/// GeneralName elements: rfc822Name, URI, and Fulcio's otherName.
base::ByteBuffer EmailName(std::string_view name);
base::ByteBuffer UriName(std::string_view name);
base::ByteBuffer OtherName(std::string_view name);

/// Everything that a certificate says. Tests change one thing.
struct CertificatePlan {
  /// Empty for an empty subject.
  std::string subject;
  /// Both ends must be there.
  verifier::Validity validity = {kSigningTime, kSigningTime};
  /// Extensions by OpenSSL's names and in its spelling; one that is empty is left out.
  std::map<std::string, std::string> standard;
  std::vector<RawExtension> raw;
  const char* digest = "SHA256";
  /// Given the TBSCertificate and the issuer's key, makes the SCT extension's contents.
  std::function<base::ByteBuffer(base::ByteView tbs, base::ByteView issuer_spki)> sct_list;
};

/// What Fulcio's certificates say. A leaf is of kSubjectUri and kIssuer and holds no SCT.
CertificatePlan RootPlan();
CertificatePlan IntermediatePlan();
CertificatePlan LeafPlan();

/// DER of what PLAN says, for SUBJECT's key, signed by SIGNER in the name of ISSUER (null: in its
/// own name).
base::ByteBuffer MakeCertificate(const CertificatePlan& plan, const TestKey& subject,
                                 const verifier::Certificate* issuer, const TestKey& signer);

/// Parses DER that is known to be a certificate.
verifier::Certificate ParseCertificate(const base::ByteBuffer& der);

/// A root and an intermediate that issues leaves.
class PrivateAuthority {
 public:
  explicit PrivateAuthority(const CertificatePlan& root_plan = RootPlan(),
                            const CertificatePlan& intermediate_plan = IntermediatePlan());

  /// As a trust root names it: intermediate, root, no window.
  verifier::CertificateAuthority trusted() const;
  const verifier::Certificate& root() const { return root_; }
  const verifier::Certificate& intermediate() const { return intermediate_; }
  const TestKey& root_key() const { return root_key_; }
  const TestKey& intermediate_key() const { return intermediate_key_; }

  verifier::Certificate Issue(
      const CertificatePlan& plan,
      const TestKey& subject = TestKey::Shared(verifier::KeyType::kEcdsaP256)) const;

 private:
  TestKey root_key_;
  TestKey intermediate_key_;
  verifier::Certificate root_;
  verifier::Certificate intermediate_;
};

}  // namespace sigward::testing
