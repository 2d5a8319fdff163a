#include "policy/identity_match.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "policy/wildcards.h"

namespace sigward::policy {
namespace {

using base::Fail;
using base::Reason;

constexpr std::size_t kMaxInError = 128;

re2::RE2::Options Options() {
  re2::RE2::Options options;
  options.set_max_mem(kMaxRegExpMemory);
  options.set_log_errors(false);
  return options;
}

base::Status CheckText(IdentityKind kind, std::string_view text) {
  const std::size_t max = kind == IdentityKind::kWildcards ? kMaxWildcardLength : kMaxIdentityText;
  if (text.size() > max) {
    return Fail(Reason::kTooLarge, "longer than " + std::to_string(max) + " bytes");
  }
  if (text.empty()) {
    return Fail(Reason::kPolicyInvalid, "empty");
  }
  if (base::OneLine(text, max) != text) {
    return Fail(Reason::kPolicyInvalid, "holds control characters or is not UTF-8");
  }
  return base::Ok();
}

std::string Whom(const verifier::CertificateIdentity& certificate) {
  return certificate.subject + " by the issuer " + certificate.issuer;
}

std::string InQuotes(std::string_view text) {
  return "\"" + base::OneLine(text, kMaxInError) + "\"";
}

/// What differs comes first: texts are cut at their end.
base::Error OtherClaim(const std::string& name, const std::string& is, const IdentityText& wanted,
                       const verifier::CertificateIdentity& certificate) {
  const char* kind = wanted.kind() == IdentityKind::kExact ? "" : "what matches ";
  return Fail(Reason::kIdentityMismatch, name + " is " + is + ", the policy wants " + kind +
                                             InQuotes(wanted.text()) + "; the certificate is for " +
                                             Whom(certificate));
}

}  // namespace

struct IdentityText::Matcher {
  std::optional<re2::RE2> expression;
  std::optional<Wildcards> wildcards;
};

IdentityText::IdentityText(IdentityKind kind, std::string text,
                           std::shared_ptr<const Matcher> matcher)
    : kind_(kind), text_(std::move(text)), matcher_(std::move(matcher)) {}

base::Result<IdentityText> IdentityText::Of(IdentityKind kind, std::string text) {
  SIGWARD_RETURN_IF_ERROR(CheckText(kind, text));
  const auto matcher = std::make_shared<Matcher>();
  if (kind == IdentityKind::kRegExp) {
    matcher->expression.emplace(text, Options());
    if (!matcher->expression->ok()) {
      return Fail(
          Reason::kPolicyInvalid,
          "no regular expression: " + base::OneLine(matcher->expression->error(), kMaxInError));
    }
  } else if (kind == IdentityKind::kWildcards) {
    matcher->wildcards.emplace(text);
  }
  return IdentityText(kind, std::move(text), matcher);
}

std::size_t IdentityText::cost() const {
  return matcher_->expression.has_value()
             ? static_cast<std::size_t>(std::max(0, matcher_->expression->ProgramSize()))
             : 0;
}

bool IdentityText::Matches(std::string_view value) const {
  if (value.empty()) {
    return false;
  }
  switch (kind_) {
    case IdentityKind::kExact:
      return value == text_;
    case IdentityKind::kRegExp:
      return re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()),
                                    *matcher_->expression);
    case IdentityKind::kWildcards:
      return matcher_->wildcards->Matches(value);
  }
  return false;
}

std::size_t Identity::cost() const {
  std::size_t sum = issuer.cost() + subject.cost();
  for (const auto& [name, text] : claims) {
    sum += text.cost();
  }
  return sum;
}

base::Status Identity::CheckClaims(const verifier::CertificateIdentity& certificate) const {
  for (const auto& [name, text] : claims) {
    const auto said = certificate.claims.find(name);
    if (said == certificate.claims.end()) {
      return OtherClaim(name, "not said", text, certificate);
    }
    if (!text.Matches(said->second)) {
      return OtherClaim(name, InQuotes(said->second), text, certificate);
    }
  }
  return base::Ok();
}

base::Status CheckIdentity(std::span<const Identity> identities,
                           const verifier::CertificateIdentity& certificate) {
  if (identities.empty()) {
    return Fail(Reason::kInternal, "a policy that names nobody");
  }
  base::Status nearest =
      Fail(Reason::kIdentityMismatch,
           "the certificate is for " + Whom(certificate) + ", whom the policy does not name");
  for (const Identity& identity : identities) {
    if (!identity.Names(certificate)) {
      continue;
    }
    nearest = identity.CheckClaims(certificate);
    if (nearest.ok()) {
      break;
    }
  }
  return nearest;
}

}  // namespace sigward::policy
