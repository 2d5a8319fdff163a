#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strict_json.h"
#include "test_key.h"
#include "verifier/tuf/update.h"

namespace sigward::testing {

/// A repository's files by their paths: "2.root.json", "timestamp.json", "targets/HASH.name".
using TufFiles = std::map<std::string, std::string, std::less<>>;

/// A TUF repository made in the test. Its root role takes 2 of 3 keys, targets both of 2, the
/// others their one. Version 1 of the root, which clients begin with, has expired; version 2 has
/// another third key, and another one for snapshots.
class TufRepository {
 public:
  /// Changes what ROLE says and who signs it, just before it is signed: key names as SIGNERS has
  /// them. The root comes once per version.
  using Edit = std::function<void(std::string_view role, base::Json& content,
                                  std::vector<std::string>& signers)>;

  static constexpr verifier::Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  static constexpr const char* kExpires = "2026-02-01T00:00:00Z";
  static constexpr const char* kTarget = "folder/file.txt";
  static constexpr const char* kTargetText = "the target\n";
  /// Listed by the role `team`, which the targets `team/*` are delegated to.
  static constexpr const char* kTeamTarget = "team/file.txt";

  static TufFiles Publish(const Edit& edit = {});

  /// The key with this name, the same for the whole program: "root1" … "root4", "targets1",
  /// "targets2", "snapshot1", "snapshot2", "timestamp1", "team1", or any other; "rsa…" is RSA.
  static const TestKey& Key(const std::string& name);
  /// Its id, which is no hash of it.
  static std::string KeyId(const std::string& name) { return "id-of-" + name; }
  static base::Json KeyJson(const std::string& name);
  /// CONTENT as a metadata file, signed by these keys.
  static std::string Sign(const base::Json& content, const std::vector<std::string>& signers);
};

/// What a client of TufRepository begins with.
verifier::tuf::TrustedFiles FirstRoot();

/// Feeds UPDATE from FILES until nothing is wanted.
base::Status Feed(verifier::tuf::Update& update, const TufFiles& files);

/// A whole update from FILES and the target that is asked for at its end.
base::Result<std::string> FetchTarget(
    const TufFiles& files, verifier::tuf::TrustedFiles trusted, verifier::Time now,
    const std::string& target,
    verifier::tuf::ExpiredMetadata expired = verifier::tuf::ExpiredMetadata::kRefuse);

/// Sigstore's public-good repository as it was in August 2026, without the roots before FIRST_ROOT.
TufFiles SigstoreTufFiles(int first_root);

}  // namespace sigward::testing
