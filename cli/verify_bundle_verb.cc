// sigward verify-bundle --bundle FILE (--certificate-identity … --certificate-oidc-issuer … | --key
// …) ARTIFACT

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "cli/installed_data.h"
#include "cli/verbs.h"
#include "verifier/evidence.h"
#include "verifier/verify_bundle.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;
using base::Result;
using verifier::ArtifactDigests;

constexpr std::size_t kArtifactPiece = 64U << 10;

struct BundleOptions {
  bool staging = false;
  std::string bundle;
  std::string subject;
  std::string issuer;
  std::string key;
  std::string trusted_root;
  /// A path, or "sha256:" and the digits.
  std::string artifact;
  OutputFormat format = OutputFormat::kText;
};

/// What could not be read is told apart from what was read and refused.
struct Inputs {
  std::string bundle;
  std::string trusted_root;
  ArtifactDigests artifact;
  std::optional<verifier::PublicKey> key;
};

Result<ArtifactDigests> HashFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  verifier::ArtifactHasher hasher;
  std::array<char, kArtifactPiece> piece{};
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    hasher.Add(base::AsBytes({piece.data(), static_cast<std::size_t>(file.gcount())}));
  }
  if (!file.eof()) {
    return Fail(Reason::kIoFailed, path + " cannot be read");
  }
  return std::move(hasher).Finish();
}

Result<ArtifactDigests> ReadArtifact(const std::string& text) {
  if (!text.starts_with("sha256:")) {
    return HashFile(text);
  }
  SIGWARD_ASSIGN_OR_RETURN(const verifier::Digest digest, verifier::Digest::Parse(text));
  return ArtifactDigests::Of(digest);
}

Result<std::string> TrustedRootPath(const BundleOptions& options) {
  if (!options.trusted_root.empty()) {
    return options.trusted_root;
  }
  if (options.staging) {
    return Fail(Reason::kIoFailed,
                "no trusted root of Sigstore's staging instance is installed; name one with "
                "--trusted-root");
  }
  return InstalledData("trusted_root.json");
}

Result<Inputs> ReadInputs(const BundleOptions& options) {
  Inputs out;
  SIGWARD_ASSIGN_OR_RETURN(out.bundle,
                           base::ReadFile(options.bundle, verifier::kMaxLoneBundleBytes));
  SIGWARD_ASSIGN_OR_RETURN(const std::string root, TrustedRootPath(options));
  SIGWARD_ASSIGN_OR_RETURN(out.trusted_root, base::ReadFile(root, verifier::kMaxTrustedRootBytes));
  SIGWARD_ASSIGN_OR_RETURN(out.artifact, ReadArtifact(options.artifact));
  if (!options.key.empty()) {
    SIGWARD_ASSIGN_OR_RETURN(const std::string pem,
                             base::ReadFile(options.key, verifier::kMaxPublicKeyPem));
    SIGWARD_ASSIGN_OR_RETURN(out.key, verifier::PublicKey::Parse(pem));
  }
  return out;
}

base::Result<verifier::VerifiedBundle> Judge(const BundleOptions& options, const Inputs& inputs) {
  SIGWARD_ASSIGN_OR_RETURN(const verifier::TrustRoot root,
                           verifier::TrustRoot::Parse(base::AsBytes(inputs.trusted_root)));
  SIGWARD_ASSIGN_OR_RETURN(
      verifier::Bundle bundle,
      verifier::ParseBundle(base::AsBytes(inputs.bundle), verifier::kMaxLoneBundleBytes));
  verifier::ExpectedSigner signer = verifier::ExpectedIdentity{options.subject, options.issuer};
  if (inputs.key) {
    signer = &*inputs.key;
  }
  verifier::ChainMemory memory;
  return verifier::VerifyBundle(std::move(bundle), inputs.artifact, signer, root, memory);
}

ExitCode VerifyBundleFile(const BundleOptions& options) {
  const auto inputs = ReadInputs(options);
  if (!inputs.ok()) {
    ReportError(options.format, inputs.error());
    return ExitCode::kUsage;
  }
  const auto verified = Judge(options, *inputs);
  if (!verified.ok()) {
    ReportError(options.format, verified.error());
    return ExitCode::kFailed;
  }
  PrintOut(options.format == OutputFormat::kJson ? base::Json{{"verified", true}}.dump() + "\n"
                                                 : "verified\n");
  return ExitCode::kOk;
}

}  // namespace

void AddVerifyBundle(CLI::App& app, Action& action) {
  auto options = std::make_shared<BundleOptions>();
  CLI::App* command = app.add_subcommand(
      "verify-bundle", "Verify a sigstore bundle against an artifact, without a policy");
  command->add_flag("--staging", options->staging, "Trust Sigstore's staging instance");
  command->add_option("--bundle", options->bundle, "The bundle")->required()->option_text("FILE");
  auto* subject = command->add_option("--certificate-identity", options->subject,
                                      "Whom the certificate must have been issued to");
  auto* issuer = command->add_option("--certificate-oidc-issuer", options->issuer,
                                     "Who must have vouched for that");
  auto* key = command->add_option("--key", options->key, "The key instead of a certificate");
  subject->needs(issuer)->excludes(key)->option_text("TEXT");
  issuer->needs(subject)->option_text("URL");
  key->option_text("PEM_FILE");
  command
      ->add_option("--trusted-root", options->trusted_root,
                   "Who is trusted; Sigstore's public instance where it is not given")
      ->option_text("FILE");
  command->add_option("ARTIFACT", options->artifact, "What was signed")
      ->required()
      ->option_text("FILE|sha256:DIGEST");
  command->footer("Exit code: 0 verified, 1 refused, 2 wrong usage or a file cannot be read.");
  AddOutputOption(*command, options->format);
  command->callback([options, key, subject, &action] {
    if (key->count() + subject->count() != 1) {
      throw CLI::RequiredError("--certificate-identity with --certificate-oidc-issuer, or --key");
    }
    action = [options] { return VerifyBundleFile(*options); };
  });
}

}  // namespace sigward::cli
