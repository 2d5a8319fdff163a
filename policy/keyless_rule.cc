#include "policy/keyless_rule.h"

#include <utility>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "policy/snapshot.h"

namespace sigward::policy {

using base::Fail;
using base::Reason;

std::string_view SignatureFormsWord(SignatureForms forms) {
  switch (forms) {
    case SignatureForms::kAny:
      return "";
    case SignatureForms::kLegacy:
      return "legacy";
    case SignatureForms::kBundle:
      return "bundle";
  }
  return "";
}

std::optional<SignatureForms> SignatureFormsFromWord(std::string_view word) {
  for (const auto forms :
       {SignatureForms::kAny, SignatureForms::kLegacy, SignatureForms::kBundle}) {
    if (word == SignatureFormsWord(forms)) {
      return forms;
    }
  }
  return std::nullopt;
}

namespace {

base::Error Invalid(const base::Error& error) {
  return Fail(error.reason == Reason::kTooLarge ? Reason::kTooLarge : Reason::kPolicyInvalid,
              "trust root: " + error.detail);
}

}  // namespace

base::Result<NamedTrustRoot> NamedTrustRoot::Of(std::string_view json) {
  const auto document = base::ParseStrictJson(json, verifier::kMaxTrustedRootBytes);
  if (!document.ok()) {
    return Invalid(document.error());
  }
  SIGWARD_ASSIGN_OR_RETURN(NamedTrustRoot named, OfSame(document->dump()));
  verifier::ChainMemory memory;
  for (const auto* authorities :
       {&named.root().certificate_authorities(), &named.root().timestamp_authorities()}) {
    for (const verifier::CertificateAuthority& authority : *authorities) {
      (void)memory.Learn(authority);
    }
  }
  named.links_ = memory.links();
  return named;
}

base::Result<NamedTrustRoot> NamedTrustRoot::OfSame(std::string json) {
  auto root = verifier::TrustRoot::Parse(base::AsBytes(json));
  if (!root.ok()) {
    return Invalid(root.error());
  }
  return NamedTrustRoot(std::make_shared<const verifier::TrustRoot>(*std::move(root)),
                        std::move(json));
}

base::Status CheckTrustRootName(std::string_view name) {
  return CheckPolicyName(name.starts_with('@') ? name.substr(1) : name);
}

}  // namespace sigward::policy
