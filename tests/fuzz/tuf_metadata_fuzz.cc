// Metadata of a TUF repository. The first byte says which file the rest is, signed as it has to be;
// behind "R" it is a root's content, "T" a timestamp's, "S" a snapshot's, "G" that of targets;
// behind anything else it is a whole timestamp file, unsigned. What is taken says of itself what
// was asked for, and no target comes out but bytes that the metadata lists.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/base64.h"
#include "tuf/tuf_repository.h"
#include "verifier/digest.h"
#include "verifier/tuf/canonical_json.h"

namespace {

using sigward::base::AsBytes;
using sigward::base::Json;
using sigward::testing::TufFiles;
using sigward::testing::TufRepository;
using sigward::verifier::tuf::Update;

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct Kind {
  char letter;
  const char* type;
  const char* file;
  std::vector<std::string> signers;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {'R', "root", "3.root.json", {"root1", "root2"}},
      {'T', "timestamp", "timestamp.json", {"timestamp1"}},
      {'S', "snapshot", "3.snapshot.json", {"snapshot2"}},
      {'G', "targets", "4.targets.json", {"targets1", "targets2"}}};
  return kinds;
}

/// A good repository in which only versions say which file is which.
const TufFiles& Good() {
  static const TufFiles files =
      TufRepository::Publish([](std::string_view role, Json& content, std::vector<std::string>&) {
        if (role == "timestamp" || role == "snapshot") {
          for (auto& [name, listed] : content["meta"].items()) {
            listed.erase("length");
            listed.erase("hashes");
          }
        }
      });
  return files;
}

std::string Signed(const Json& content, const std::string& canonical, const Kind& kind) {
  Json document = {{"signed", content}, {"signatures", Json::array()}};
  for (const std::string& name : kind.signers) {
    const auto bytes = TufRepository::Key(name).Sign(AsBytes(canonical));
    document["signatures"].push_back(
        {{"keyid", TufRepository::KeyId(name)}, {"sig", sigward::base::EncodeHex(bytes)}});
  }
  return document.dump();
}

void Walk(const TufFiles& files, const Kind* kind, const Json& content) {
  Update update = Update::Begin({.root = Good().at("2.root.json")}, TufRepository::kNow).value();
  if (!sigward::testing::Feed(update, files).ok()) {
    return;
  }
  // What was taken is what its step asks for.
  Require(kind != nullptr && content.at("_type") == kind->type && content.at("version") > 0);
  for (const char* path : {TufRepository::kTarget, TufRepository::kTeamTarget}) {
    if (!update.AskTarget(path, 64).ok() || !sigward::testing::Feed(update, files).ok()) {
      continue;
    }
    Require(update.target() != nullptr && update.target()->path() == path);
    Require(update.target()->bytes() == TufRepository::kTargetText);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  TufFiles files = Good();
  for (const Kind& kind : Kinds()) {
    if (!text.starts_with(kind.letter)) {
      continue;
    }
    const auto content = sigward::base::ParseStrictJson(text.substr(1), 1U << 16);
    if (!content.ok()) {
      return 0;
    }
    const auto canonical = sigward::verifier::tuf::CanonicalJson(*content);
    if (canonical.ok()) {
      files[kind.file] = Signed(*content, *canonical, kind);
      Walk(files, &kind, *content);
    }
    return 0;
  }
  files["timestamp.json"] = text;
  Walk(files, nullptr, {});
  return 0;
}
