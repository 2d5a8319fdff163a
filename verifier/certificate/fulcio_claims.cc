#include "verifier/certificate/fulcio_claims.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "verifier/certificate/certificate_identity.h"
#include "verifier/der.h"

namespace sigward::verifier {
namespace {

using namespace std::string_view_literals;
using base::ByteView;
using base::Result;

// 1.3.6.1.4.1.57264.1, under which each claim has one more number.
constexpr std::string_view kOidFulcio = "\x2b\x06\x01\x04\x01\x83\xbf\x30\x01"sv;
constexpr std::uint8_t kIssuerV1 = 1;
constexpr std::uint8_t kIssuerV2 = 8;

struct Claim {
  std::uint8_t number;
  std::string_view name;
  bool der;
};

constexpr std::array<Claim, 21> kClaims = {{
    {2, "githubWorkflowTrigger", false},
    {3, "githubWorkflowSHA", false},
    {4, "githubWorkflowName", false},
    {5, "githubWorkflowRepository", false},
    {6, "githubWorkflowRef", false},
    {9, "buildSignerURI", true},
    {10, "buildSignerDigest", true},
    {11, "runnerEnvironment", true},
    {12, "sourceRepositoryURI", true},
    {13, "sourceRepositoryDigest", true},
    {14, "sourceRepositoryRef", true},
    {15, "sourceRepositoryIdentifier", true},
    {16, "sourceRepositoryOwnerURI", true},
    {17, "sourceRepositoryOwnerIdentifier", true},
    {18, "buildConfigURI", true},
    {19, "buildConfigDigest", true},
    {20, "buildTrigger", true},
    {21, "runInvocationURI", true},
    {22, "sourceRepositoryVisibilityAtSigning", true},
    {23, "deploymentEnvironment", true},
    {24, "tokenSubject", true},
}};

base::Error Malformed(const char* what) {
  return base::Fail(base::Reason::kMalformed, std::string("signing certificate: ") + what);
}

const Extension* Find(const Certificate& leaf, std::uint8_t number) {
  return leaf.FindExtension(std::string(kOidFulcio) + static_cast<char>(number));
}

}  // namespace

std::vector<std::string_view> ClaimNames() {
  std::vector<std::string_view> names;
  std::ranges::transform(kClaims, std::back_inserter(names), &Claim::name);
  return names;
}

bool IsClaimName(std::string_view name) {
  return std::ranges::find(kClaims, name, &Claim::name) != kClaims.end();
}

Result<std::string> ReadBareText(ByteView bytes) {
  if (bytes.size() > kMaxIdentityText) {
    return base::Fail(base::Reason::kTooLarge, "signing certificate: a text in it is longer than " +
                                                   std::to_string(kMaxIdentityText) + " bytes");
  }
  const std::string_view text = base::AsText(bytes);
  // A reader that stops at a zero byte would read another name.
  if (!base::IsUtf8(text) || text.find('\0') != std::string_view::npos) {
    return Malformed("a text in it is not UTF-8 or holds a zero byte");
  }
  return std::string(text);
}

Result<std::string> ReadDerText(ByteView der) {
  DerReader reader(der);
  SIGWARD_ASSIGN_OR_RETURN(const ByteView text, reader.Read(DerTag::kUtf8String));
  if (!reader.AtEnd()) {
    return Malformed("something follows a text in it");
  }
  return ReadBareText(text);
}

Result<std::string> ReadIssuer(const Certificate& leaf) {
  const Extension* v1 = Find(leaf, kIssuerV1);
  const Extension* v2 = Find(leaf, kIssuerV2);
  if (v1 == nullptr && v2 == nullptr) {
    return Malformed("it does not say which issuer vouched for its subject");
  }
  if (v2 == nullptr) {
    return ReadBareText(v1->value);
  }
  SIGWARD_ASSIGN_OR_RETURN(std::string issuer, ReadDerText(v2->value));
  if (v1 != nullptr) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string older, ReadBareText(v1->value));
    if (older != issuer) {
      return Malformed("it names two issuers that differ");
    }
  }
  return issuer;
}

Result<std::map<std::string, std::string, std::less<>>> ReadClaims(const Certificate& leaf) {
  std::map<std::string, std::string, std::less<>> claims;
  for (const Claim& claim : kClaims) {
    if (const Extension* extension = Find(leaf, claim.number); extension != nullptr) {
      auto text = claim.der ? ReadDerText(extension->value) : ReadBareText(extension->value);
      if (!text.ok()) {
        return base::Within("its claim " + std::string(claim.name), std::move(text).error());
      }
      claims.emplace(claim.name, *std::move(text));
    }
  }
  return claims;
}

}  // namespace sigward::verifier
