#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "policy/glob.h"
#include "policy/glob_index.h"
#include "policy/keyless_rule.h"
#include "policy/signature_source.h"
#include "verifier/public_key.h"
#include "verifier/verify_image.h"

namespace sigward::policy {

/// Bounds of a compiled policy.
inline constexpr std::size_t kMaxCompiledBytes = 16U << 20;
inline constexpr std::size_t kMaxCompiledValues = 2'000'000;
inline constexpr std::size_t kMaxPolicies = 4096;
inline constexpr std::size_t kMaxGlobsPerPolicy = 256;
inline constexpr std::size_t kMaxAuthoritiesPerPolicy = 64;
inline constexpr std::size_t kMaxNameLength = 253;
inline constexpr std::size_t kMaxMessageLength = 1024;
inline constexpr std::size_t kMaxUrlLength = 2048;
inline constexpr std::size_t kMaxListedDigests = 10'000;
inline constexpr std::size_t kMaxAuthorityText = 1U << 20;
/// The authorities of one policy and the trust roots that they name, as they are handed to whoever
/// verifies.
inline constexpr std::size_t kMaxPolicyMaterial = 3U << 20;
/// What all regular expressions of one policy may cost (IdentityText::cost): whoever verifies
/// compiles them for each question, and has 2 s of processor time for the whole of it.
inline constexpr std::size_t kMaxPolicyExpressions = 200'000;

enum class Mode : std::uint8_t { kEnforce = 1, kWarn = 2 };
/// "enforce" or "warn".
std::string_view ModeWord(Mode mode);
std::optional<Mode> ModeFromWord(std::string_view word);

/// What happens to an image that no policy matches.
enum class NoMatch : std::uint8_t { kDeny = 1, kWarn = 2, kAllow = 3 };
/// "deny", "warn" or "allow".
std::string_view NoMatchWord(NoMatch no_match);
std::optional<NoMatch> NoMatchFromWord(std::string_view word);

/// A signature by this key.
struct KeyRule {
  /// Reads the key. Fails with kPolicyInvalid, and with kTooLarge when PEM is longer than
  /// verifier::kMaxPublicKeyPem.
  static base::Result<KeyRule> Of(std::string pem, std::optional<verifier::HashAlgorithm> hash);

  std::string pem;
  std::optional<verifier::HashAlgorithm> hash;
  /// SHA-256 over the key itself, however it is written.
  base::ByteBuffer fingerprint;
};

/// No signature is looked at: the policy's author has decided.
struct StaticRule {
  bool pass = false;
  /// Shown when it fails; may be empty.
  std::string message;
};

/// One way to satisfy a policy.
struct Authority {
  std::string name;
  std::variant<StaticRule, KeyRule, KeylessRule> rule;
  SignatureSource source = {};
  /// Nothing is demanded unless it is said here.
  LogRule log = {};
  TimestampRule timestamp = {};
  SignatureForms forms = SignatureForms::kAny;
  /// Names all of the above that a signature has to satisfy, by content. PolicySnapshot::Parse sets
  /// it unless the rule is static; without it nothing satisfies the authority.
  std::optional<verifier::AuthorityHash> id = std::nullopt;
};

/// True for an authority that a signature can satisfy.
bool TakesSignatures(const Authority& authority);

/// AUTHORITY alone in the compiled form, as Compile writes it.
std::string CompileAuthority(const Authority& authority);
/// Reads that back, without an id. Fails with kPolicyInvalid, kTooLarge (kMaxAuthorityText),
/// kMalformed or kDuplicateKey.
base::Result<Authority> ParseCompiledAuthority(std::string_view text);

/// The names of the trust roots that AUTHORITY names; they live as long as it does.
std::vector<const std::string*> TrustRootsOf(const Authority& authority);

/// Fails with kTooLarge where AUTHORITIES, a policy's, are so long that nothing could be verified
/// by them: one beyond kMaxAuthorityText, all beyond kMaxPolicyMaterial, or with regular
/// expressions beyond kMaxPolicyExpressions.
base::Status CheckMaterial(const std::vector<Authority>& authorities,
                           const TrustRoots& trust_roots);

/// The id of AUTHORITY, which takes signatures: the same for whatever is satisfied by the same
/// signatures, so neither its name nor its source plays a part. Fails with kPolicyInvalid when a
/// trust root that it names is not among TRUST_ROOTS.
base::Result<verifier::AuthorityHash> IdOf(const Authority& authority,
                                           const TrustRoots& trust_roots);

struct Policy {
  std::string name;
  Mode mode = Mode::kEnforce;
  std::vector<Glob> globs;
  std::vector<Authority> authorities;
  /// Weakens: lets containers run whose files lie in a snapshotter that proves nothing about them
  /// (rootfs-unprovable). Every policy that matches the image has to say so.
  bool accept_unprovable_rootfs = false;
  /// Refuses containers into which files were put before they first ran (rootfs-modified).
  bool refuse_modified_rootfs = false;
};

/// What holds for a node whatever the policies say about an image.
struct NodeRules {
  /// The system floor: digests that pass without evidence, so that a mistake in a policy cannot
  /// keep a node from booting.
  std::set<verifier::Digest> floor;
  /// Digests that are refused, the floor's included.
  std::set<verifier::Digest> deny;
  /// Containers that run already and would not be allowed now are stopped, not only reported.
  bool stop_running = false;
};

/// The rules for single values, for whoever reads policies from elsewhere and can name the place of
/// a mistake; PolicySnapshot::Parse applies them too. Each fails with kPolicyInvalid, or kTooLarge.
///
/// A name of Kubernetes (RFC 1123 subdomain): lower-case letters, digits, `-` and `.`.
base::Status CheckPolicyName(std::string_view name);
/// 1 to kMaxNameLength bytes that are fit for one line.
base::Status CheckAuthorityName(std::string_view name);
/// UTF-8 of at most kMaxMessageLength bytes, of any number of lines.
base::Status CheckMessage(std::string_view message);
/// http:// or https://, a host, perhaps port and path; no credentials, query or fragment. In ASCII.
base::Status CheckTransparencyUrl(std::string_view url);

/// All policies of one generation, checked as a whole and never changed afterwards. Held by
/// shared_ptr to const; a decision uses one snapshot from start to end.
class PolicySnapshot {
 public:
  PolicySnapshot(const PolicySnapshot&) = delete;
  PolicySnapshot& operator=(const PolicySnapshot&) = delete;
  ~PolicySnapshot() = default;

  /// Parses the compiled form (docs/schemas/policy.schema.json; written by `sigward policy
  /// compile`). Unknown fields, duplicate names, an empty list of globs or authorities, a key or a
  /// trust root that does not parse, or one that is named and not there, refuse the whole. Fails
  /// with kPolicyInvalid or kTooLarge; the text names the place, for example
  /// "policies[2].authorities[0].key".
  static base::Result<std::shared_ptr<const PolicySnapshot>> Parse(std::string_view compiled,
                                                                   std::uint64_t generation);

  std::uint64_t generation() const { return generation_; }
  NoMatch no_match() const { return no_match_; }
  const std::string& transparency_url() const { return transparency_url_; }
  const NodeRules& node() const { return node_; }
  /// Every trust root that an authority names is among them.
  const TrustRoots& trust_roots() const { return trust_roots_; }
  /// Sorted by name.
  const std::vector<Policy>& policies() const { return policies_; }

  /// The policies with a glob that matches, in order of their names.
  std::vector<const Policy*> Select(const verifier::ImageRef& image,
                                    const verifier::Digest& digest) const;

 private:
  PolicySnapshot() = default;
  std::uint64_t generation_ = 0;
  NoMatch no_match_ = NoMatch::kDeny;
  std::string transparency_url_;
  NodeRules node_;
  TrustRoots trust_roots_;
  std::vector<Policy> policies_;
  /// Its globs are those in policies_, its owners their places there.
  GlobIndex globs_;
};

/// The compiled form of POLICIES as JSON text, in one canonical spelling: the same policies always
/// give the same bytes. PolicySnapshot::Parse reads it.
std::string Compile(const std::vector<Policy>& policies, NoMatch no_match,
                    std::string_view transparency_url, const NodeRules& node = {},
                    const TrustRoots& trust_roots = {});

}  // namespace sigward::policy
