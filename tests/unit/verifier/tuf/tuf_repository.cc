#include "tuf/tuf_repository.h"

#include "base/base64.h"
#include "private_sigstore/test_vectors.h"
#include "verifier/digest.h"

namespace sigward::testing {

using base::Json;
using verifier::Digest;
using verifier::tuf::TrustedFiles;
using verifier::tuf::Update;
using verifier::tuf::WantedFile;

namespace {

Json Head(const std::string& type, int version, const char* expires = TufRepository::kExpires) {
  return {{"_type", type}, {"spec_version", "1.0.31"}, {"version", version}, {"expires", expires}};
}

Json Rule(const std::vector<std::string>& names, int threshold) {
  Json rule = {{"threshold", threshold}, {"keyids", Json::array()}};
  for (const std::string& name : names) {
    rule["keyids"].push_back(TufRepository::KeyId(name));
  }
  return rule;
}

Json RootContent(int version, const std::string& third, const std::string& snapshot) {
  Json root =
      Head("root", version, version == 1 ? "2025-02-01T00:00:00Z" : TufRepository::kExpires);
  root["consistent_snapshot"] = true;
  for (const std::string& name :
       {std::string("root1"), std::string("root2"), third, std::string("targets1"),
        std::string("targets2"), snapshot, std::string("timestamp1")}) {
    root["keys"][TufRepository::KeyId(name)] = TufRepository::KeyJson(name);
  }
  root["roles"] = {{"root", Rule({"root1", "root2", third}, 2)},
                   {"targets", Rule({"targets1", "targets2"}, 2)},
                   {"snapshot", Rule({snapshot}, 1)},
                   {"timestamp", Rule({"timestamp1"}, 1)}};
  return root;
}

Json Hashes(const std::string& bytes) {
  return {{"sha256", Digest::Of(base::AsBytes(bytes)).hex()},
          {"sha512", Digest::Of(base::AsBytes(bytes), verifier::DigestAlgorithm::kSha512).hex()}};
}

Json Listed(const std::string& bytes, int version) {
  return {{"version", version}, {"length", bytes.size()}, {"hashes", Hashes(bytes)}};
}

Json TargetJson() {
  const std::string text = TufRepository::kTargetText;
  return {{"length", text.size()}, {"hashes", Hashes(text)}};
}

std::string TargetName(const std::string& folder, const std::string& name) {
  const Digest digest = Digest::Of(base::AsBytes(TufRepository::kTargetText));
  return "targets/" + folder + "/" + std::string(digest.hex()) + "." + name;
}

}  // namespace

const TestKey& TufRepository::Key(const std::string& name) {
  static std::map<std::string, TestKey> keys;
  const auto found = keys.find(name);
  if (found != keys.end()) {
    return found->second;
  }
  if (name.starts_with("rsa")) {
    return keys.emplace(name, TestKey::Rsa()).first->second;
  }
  // Both kinds in each role that takes more than one.
  const bool edwards = name.ends_with('2');
  return keys.emplace(name, edwards ? TestKey::Ed25519() : TestKey::Ec("P-256")).first->second;
}

Json TufRepository::KeyJson(const std::string& name) {
  constexpr std::size_t kRawEd25519 = 32;
  const TestKey& key = Key(name);
  if (key.public_key().type() == verifier::KeyType::kEd25519) {
    const base::ByteBuffer spki = key.spki();
    const base::ByteView raw = base::ByteView(spki).last(kRawEd25519);
    return {{"keytype", "ed25519"},
            {"scheme", "ed25519"},
            {"keyval", {{"public", base::EncodeHex(raw)}}}};
  }
  if (key.public_key().type() == verifier::KeyType::kRsa) {
    return {{"keytype", "rsa"},
            {"scheme", "rsassa-pss-sha256"},
            {"keyval", {{"public", key.public_pem()}}}};
  }
  return {{"keytype", "ecdsa"},
          {"scheme", "ecdsa-sha2-nistp256"},
          {"keyval", {{"public", key.public_pem()}}}};
}

std::string TufRepository::Sign(const Json& content, const std::vector<std::string>& signers) {
  Json document = {{"signed", content}, {"signatures", Json::array()}};
  // But for the line ends of PEM, which the canonical form does not escape, it is this.
  std::string canonical = content.dump();
  for (std::size_t at = 0; (at = canonical.find("\\n", at)) != std::string::npos;) {
    canonical.replace(at, 2, "\n");
  }
  for (const std::string& name : signers) {
    const TestKey& key = Key(name);
    const base::ByteView message = base::AsBytes(canonical);
    const bool rsa = key.public_key().type() == verifier::KeyType::kRsa;
    document["signatures"].push_back(
        {{"keyid", KeyId(name)},
         {"sig", base::EncodeHex(rsa ? key.SignPss(message) : key.Sign(message))}});
  }
  return document.dump(1);
}

TufFiles TufRepository::Publish(const Edit& edit) {
  const auto sign = [&edit](const std::string& role, Json content,
                            std::vector<std::string> signers) {
    if (edit) {
      edit(role, content, signers);
    }
    return Sign(content, signers);
  };
  TufFiles files;
  files["1.root.json"] =
      sign("root", RootContent(1, "root3", "snapshot1"), {"root1", "root2", "root3"});
  files["2.root.json"] =
      sign("root", RootContent(2, "root4", "snapshot2"), {"root1", "root2", "root4"});

  Json team = Head("targets", 5);
  team["targets"][kTeamTarget] = TargetJson();
  files["5.team.json"] = sign("team", team, {"team1"});

  Json targets = Head("targets", 4);
  targets["targets"][kTarget] = TargetJson();
  targets["delegations"]["keys"][KeyId("team1")] = KeyJson("team1");
  Json delegation = Rule({"team1"}, 1);
  delegation["name"] = "team";
  delegation["terminating"] = true;
  delegation["paths"] = {"team/*"};
  targets["delegations"]["roles"] = Json::array({delegation});
  files["4.targets.json"] = sign("targets", targets, {"targets1", "targets2"});

  Json snapshot = Head("snapshot", 3);
  snapshot["meta"]["targets.json"] = Listed(files["4.targets.json"], 4);
  snapshot["meta"]["team.json"] = Listed(files["5.team.json"], 5);
  files["3.snapshot.json"] = sign("snapshot", snapshot, {"snapshot2"});

  Json timestamp = Head("timestamp", 9);
  timestamp["meta"]["snapshot.json"] = Listed(files["3.snapshot.json"], 3);
  files["timestamp.json"] = sign("timestamp", timestamp, {"timestamp1"});

  files[TargetName("folder", "file.txt")] = kTargetText;
  files[TargetName("team", "file.txt")] = kTargetText;
  return files;
}

TrustedFiles FirstRoot() {
  return {.root = TufRepository::Publish().at("1.root.json")};
}

base::Status Feed(Update& update, const TufFiles& files) {
  while (const WantedFile* wanted = update.wanted()) {
    const bool target = wanted->place == WantedFile::Place::kTargets;
    const auto found = files.find((target ? "targets/" : "") + wanted->path);
    SIGWARD_RETURN_IF_ERROR(found == files.end() ? update.NotThere() : update.Take(found->second));
  }
  return base::Ok();
}

base::Result<std::string> FetchTarget(const TufFiles& files, TrustedFiles trusted,
                                      verifier::Time now, const std::string& target,
                                      verifier::tuf::ExpiredMetadata expired) {
  SIGWARD_ASSIGN_OR_RETURN(Update update, Update::Begin(std::move(trusted), now, expired));
  SIGWARD_RETURN_IF_ERROR(Feed(update, files));
  SIGWARD_RETURN_IF_ERROR(update.AskTarget(target, 1U << 20));
  SIGWARD_RETURN_IF_ERROR(Feed(update, files));
  return update.target()->bytes();
}

TufFiles SigstoreTufFiles(int first_root) {
  constexpr int kRoots = 15;
  const std::string place = "sigstore-tuf/";
  TufFiles files;
  for (int version = first_root; version <= kRoots; ++version) {
    const std::string name = std::to_string(version) + ".root.json";
    files[name] = LoadVector(place + "metadata/root_history/" + name);
  }
  files["timestamp.json"] = LoadVector(place + "metadata/timestamp.json");
  files["165.snapshot.json"] = LoadVector(place + "metadata/snapshot.json");
  files["14.targets.json"] = LoadVector(place + "metadata/targets.json");
  files["8.registry.npmjs.org.json"] = LoadVector(place + "metadata/registry.npmjs.org.json");
  const auto add_target = [&files](const std::string& folder, const std::string& name,
                                   const std::string& bytes) {
    files["targets/" + folder + std::string(Digest::Of(base::AsBytes(bytes)).hex()) + "." + name] =
        bytes;
  };
  add_target("", "trusted_root.json", LoadVector(place + "trusted_root.json"));
  add_target("registry.npmjs.org/", "keys.json",
             LoadVector(place + "targets/registry.npmjs.org/keys.json"));
  return files;
}

}  // namespace sigward::testing
