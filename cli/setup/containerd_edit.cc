#include "cli/setup/containerd_edit.h"

#include <toml++/toml.h>

#include "cli/node/search_path.h"

namespace sigward::cli {
namespace {

using base::Fail;
using base::Reason;

struct FileFacts {
  std::int64_t version = 0;
  bool has_table = false;
  /// What the table names; the default when it names none.
  std::string bin_dir;
};

base::Result<FileFacts> ReadFileFacts(std::string_view text) {
  if (text.size() > kMaxContainerdConfigBytes) {
    return Fail(Reason::kConfigInvalid, "containerd's configuration has more than " +
                                            std::to_string(kMaxContainerdConfigBytes) + " bytes");
  }
  try {
    const toml::table document = toml::parse(text);
    FileFacts facts;
    facts.version = document["version"].value_or<std::int64_t>(0);
    const toml::node_view table = document["plugins"][kVerifierPlugin];
    facts.has_table = table.is_table();
    facts.bin_dir = table["bin_dir"].value_or<std::string>(kDefaultBinDir);
    return facts;
  } catch (const toml::parse_error& error) {
    return Fail(Reason::kConfigInvalid, "containerd's configuration, line " +
                                            std::to_string(error.source().begin.line) + ": " +
                                            std::string(error.description()));
  }
}

std::string Block(const std::string& bin_dir) {
  return std::string(kBlockBegin) + " (written by sigward setup; --undo removes it)\n" +
         "[plugins.'" + kVerifierPlugin + "']\n  bin_dir = '" + bin_dir + "'\n" +
         std::string(kBlockEnd) + "\n";
}

/// An edit that changes nothing, and says why.
VerifierEdit Without(std::string note) {
  VerifierEdit edit;
  edit.nothing_to_do = true;
  edit.note = std::move(note);
  return edit;
}

VerifierEdit LinkInto(const std::string& bin_dir) {
  VerifierEdit edit;
  edit.link_into = bin_dir;
  edit.note = "containerd's bin_dir is " + bin_dir +
              " already: it stays, and sigward-image-verifier is linked into it";
  return edit;
}

/// Whether this containerd has an image verifier whose table the file's version can hold; a reason
/// when not.
std::string WhyNoVerifier(const std::optional<ContainerdVersion>& version,
                          const std::optional<FileFacts>& file) {
  if (version.has_value() && version->major < 2) {
    return "containerd " + version->text +
           " has no image verifier: pulls stay unchecked, the create gate stands alone";
  }
  if (!version.has_value() && (!file.has_value() || file->version < 3)) {
    return "containerd's version is unknown, so its image verifier is not set up: start containerd "
           "and run sigward setup again";
  }
  if (file.has_value() && file->version < 2) {
    return "containerd's configuration is older than version 2, which knows no image verifier: run "
           "containerd config migrate, then sigward setup again";
  }
  return {};
}

}  // namespace

base::Result<VerifierEdit> PlanVerifier(const VerifierInputs& inputs) {
  std::optional<FileFacts> file;
  if (inputs.text.has_value()) {
    SIGWARD_ASSIGN_OR_RETURN(file, ReadFileFacts(*inputs.text));
  }
  if (std::string why = WhyNoVerifier(inputs.version, file); !why.empty()) {
    return Without(std::move(why));
  }
  if (file.has_value() && file->has_table) {
    return NormalFolder(file->bin_dir) == NormalFolder(inputs.our_bin_dir)
               ? Without("")
               : LinkInto(file->bin_dir);
  }
  const std::string running = NormalFolder(inputs.running_bin_dir);
  if (!inputs.running_bin_dir.empty() && running != kDefaultBinDir &&
      running != NormalFolder(inputs.our_bin_dir)) {
    return LinkInto(inputs.running_bin_dir);  // an imported file names it, and would win
  }
  VerifierEdit edit;
  const std::string before = inputs.text.value_or("");
  edit.appended = std::string(!inputs.text.has_value()                   ? "version = 3\n\n"
                              : before.empty() || before.ends_with('\n') ? ""
                                                                         : "\n") +
                  Block(inputs.our_bin_dir);
  const auto after = ReadFileFacts(before + *edit.appended);
  if (!after.ok() || after->bin_dir != inputs.our_bin_dir) {
    return Fail(Reason::kConfigInvalid,
                "containerd's configuration cannot be added to at its end; put bin_dir = '" +
                    inputs.our_bin_dir + "' into plugins.'" + kVerifierPlugin + "' by hand");
  }
  return edit;
}

}  // namespace sigward::cli
