#include "verifier/certificate/certificate_pem.h"

#include <utility>

#include "verifier/pem.h"

namespace sigward::verifier {

base::Result<std::vector<Certificate>> ParseCertificatesPem(std::string_view text) {
  SIGWARD_ASSIGN_OR_RETURN(const std::vector<PemBlock> blocks,
                           ParsePemList(text, kMaxCertificatePem, kMaxPemCertificates));
  std::vector<Certificate> certificates;
  for (const PemBlock& block : blocks) {
    if (block.label != "CERTIFICATE") {
      return base::Fail(base::Reason::kMalformed,
                        "PEM block " + block.label + " is no CERTIFICATE");
    }
    SIGWARD_ASSIGN_OR_RETURN(Certificate certificate, Certificate::Parse(block.contents));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

}  // namespace sigward::verifier
