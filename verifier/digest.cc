#include "verifier/digest.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kSha256Name = "sha256";
constexpr std::string_view kSha512Name = "sha512";
constexpr std::size_t kMaxDigestInError = 80;

std::string_view NameOf(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha256 ? kSha256Name : kSha512Name;
}

std::size_t HexDigits(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha256 ? 64 : 128;
}

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsAlgorithmWord(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+._-") ==
                              std::string_view::npos;
}

}  // namespace

base::Result<Digest> Digest::Parse(std::string_view text) {
  const auto refuse = [&](base::Reason reason, std::string_view what) {
    return base::Fail(reason,
                      "digest " + base::OneLine(text, kMaxDigestInError) + " " + std::string(what));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !IsAlgorithmWord(text.substr(0, colon))) {
    return refuse(base::Reason::kMalformed, "is not ALGORITHM:HEX");
  }
  const std::string_view name = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  if (name != kSha256Name && name != kSha512Name) {
    return refuse(base::Reason::kUnsupportedAlgorithm, "is neither sha256 nor sha512");
  }
  const DigestAlgorithm algorithm =
      name == kSha256Name ? DigestAlgorithm::kSha256 : DigestAlgorithm::kSha512;
  if (hex.size() != HexDigits(algorithm) || !IsLowerHex(hex)) {
    return refuse(base::Reason::kMalformed, "is not lower-case hex of its algorithm's length");
  }
  return Digest(algorithm, std::string(text));
}

Digest Digest::Of(base::ByteView bytes, DigestAlgorithm algorithm) {
  const HashAlgorithm hash =
      algorithm == DigestAlgorithm::kSha256 ? HashAlgorithm::kSha256 : HashAlgorithm::kSha512;
  std::string text(NameOf(algorithm));
  text += ':';
  text += base::EncodeHex(HashOf(bytes, hash));
  return {algorithm, std::move(text)};
}

std::string_view Digest::algorithm_name() const {
  return NameOf(algorithm_);
}

std::string_view Digest::hex() const {
  return std::string_view(text_).substr(algorithm_name().size() + 1);
}

base::Status CheckDigest(base::ByteView bytes, const Digest& expected, std::string_view what) {
  const Digest actual = Digest::Of(bytes, expected.algorithm());
  if (actual != expected) {
    return base::Fail(
        base::Reason::kDigestMismatch,
        std::string(what) + " asked by " + expected.text() + " hashes to " + actual.text());
  }
  return base::Ok();
}

}  // namespace sigward::verifier
