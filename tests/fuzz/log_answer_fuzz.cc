#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "verifier/legacy_layer.h"
#include "verifier/manifest.h"
#include "worker/fetch/log_entries.h"

namespace {

using sigward::base::AsBytes;
namespace verifier = sigward::verifier;
namespace worker = sigward::worker;

constexpr std::string_view kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{)"
    R"("mediaType":"application/vnd.oci.empty.v1+json","digest":)"
    R"("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
    R"("layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":)"
    R"("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
    R"("annotations":{"dev.cosignproject.cosign/signature":"c2ln"}}]})";

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// What is made of a signature and an entry is that signature, and is not looked up again.
void CheckWithEntry(std::string_view manifest, std::size_t layer, const std::string& entry) {
  const auto made = worker::WithLogEntry(manifest, layer, entry);
  Require(made.ok());
  const auto parsed = verifier::ParseManifest(AsBytes(*made));
  Require(parsed.ok() && parsed->layers.size() == 1);
  const auto* text = verifier::TextAt(parsed->layers[0], verifier::kLogEntryAnnotation);
  Require(text != nullptr && *text == entry);
  Require(verifier::LegacySignatureText(parsed->layers[0]) != nullptr);
  Require(worker::UnloggedSignatures(*made).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = sigward::base::AsText({data, size});
  if (const auto answer = worker::ReadLogAnswer(text); answer.ok()) {
    Require(answer->annotations.size() <= worker::kMaxEntriesPerAnswer);
    for (const std::string& annotation : answer->annotations) {
      CheckWithEntry(kManifest, 0, annotation);
    }
  }
  if (size <= verifier::kMaxManifestBytes / 2) {
    for (const auto& signature : worker::UnloggedSignatures(text)) {
      CheckWithEntry(text, signature.layer, "{}");
    }
  }
  return 0;
}
