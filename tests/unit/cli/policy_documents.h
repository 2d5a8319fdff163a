#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/problems.h"

namespace sigward::testing {

inline constexpr const char* kKey =
    R"("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE153wkGP5k7oL9kDOBhg95FOcPhi5\n/YBU6+erxFJk/2xs91MJ7Sub0nXGxllpvwrmD0818sICYkyYKMg/2+SFcw==\n-----END PUBLIC KEY-----\n")";
inline constexpr const char* kEd25519Key =
    R"("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n")";

/// Puts the keys where a document says $KEY and $ED25519.
inline std::string WithKeys(std::string text) {
  for (const auto& [word, key] : {std::pair("$ED25519", kEd25519Key), std::pair("$KEY", kKey)}) {
    for (std::size_t at = text.find(word); at != std::string::npos;
         at = text.find(word, at + std::string(key).size())) {
      text.replace(at, std::string(word).size(), key);
    }
  }
  return text;
}

inline const std::string kHead =
    "apiVersion: policy.sigstore.dev/v1beta1\n"
    "kind: ClusterImagePolicy\n"
    "metadata: {name: p}\n";
inline const std::string kImages = "spec:\n  images: [{glob: '**'}]\n";

/// A policy with SPEC from line 5 on, indented by two.
inline std::string WithSpec(const std::string& spec) {
  return kHead + kImages + spec;
}

inline std::string WithAuthority(const std::string& authority) {
  return WithSpec("  authorities:\n  - " + authority + "\n");
}

inline std::string WithMetadata(const std::string& metadata) {
  return "apiVersion: policy.sigstore.dev/v1alpha1\nkind: ClusterImagePolicy\n" + metadata +
         kImages + "  authorities: [{static: {action: pass}}]\n";
}

inline std::string Config(const std::string& rest) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n" + rest;
}

inline const std::string kDigest = "sha256:" + std::string(64, '0');

/// A NodePolicy with REST from line 4 on.
inline std::string Node(const std::string& rest) {
  return "apiVersion: policy.sigward.dev/v1alpha1\nkind: NodePolicy\nmetadata: {name: node}\n" +
         rest;
}

inline std::string Images(const std::string& images) {
  return kHead + "spec:\n  authorities: [{static: {action: pass}}]\n  images: " + images + "\n";
}

inline std::vector<std::string> Texts(const std::vector<cli::Problem>& problems) {
  std::vector<std::string> texts;
  for (const cli::Problem& problem : problems) {
    texts.push_back(cli::ProblemText(problem));
  }
  return texts;
}

}  // namespace sigward::testing
