#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/tuf_mirror.h"
#include "cli/yaml_fields.h"
#include "policy/keyless_rule.h"

namespace sigward::cli {

/// A trust root's name and what it holds.
struct TrustRootResource {
  std::string name;
  /// Empty when it cannot be read, which was reported.
  std::optional<policy::NamedTrustRoot> root;
  /// Came out of a TUF repository, whose metadata expires; and out of one that is elsewhere.
  bool has_metadata = false;
  bool is_remote = false;
};

/// Reads the rest of a document whose apiVersion and kind say TrustRoot of policy.sigstore.dev:
/// `sigstoreKeys`, the root's own JSON (`trustedRootJSON`), or a TUF repository that lists it
/// (`repository`, `remote`), of which MIRRORS says the rest. Empty when it has no name.
std::optional<TrustRootResource> ReadTrustRoot(YamlFields& document, const TufMirrors& mirrors);

/// Reports what MIRRORS names that RESOURCES have no use for: a name that is spelled wrong would
/// otherwise be passed over.
void ReportUnusedMirrors(const TufMirrors& mirrors,
                         const std::map<std::string, TrustRootResource>& resources,
                         Problems& problems);

/// The trust root that has only this certificate authority, from PEM: intermediates first, the root
/// last. Fails as policy::NamedTrustRoot::Of does.
base::Result<policy::NamedTrustRoot> TrustRootOfAuthority(std::string_view pem);

/// The trust roots that policies name, and where.
class TrustRootUses {
 public:
  /// What a trust root must have for its use here.
  enum class Part { kAuthorities, kCtLogs, kLogs, kTimestampAuthorities };

  /// Notes that NAME is used for PART; PLACE is the field that says so, its message empty.
  void Add(std::string name, Part part, Problem place);
  /// A trust root that stands in the policy itself; returns the name that it is given.
  std::string AddOwn(policy::NamedTrustRoot root);

  /// The trust roots that are used, from RESOURCES, from the policies themselves, and the public
  /// one from the file PUBLIC_GOOD. Those that are not there are reported, once for each line that
  /// names them, and those without what they are used for warned of.
  policy::TrustRoots Resolve(const std::map<std::string, TrustRootResource>& resources,
                             const std::string& public_good, Problems& problems) const;

 private:
  struct Use {
    std::string name;
    Part part;
    Problem place;
  };
  std::vector<Use> uses_;
  policy::TrustRoots own_;
};

}  // namespace sigward::cli
