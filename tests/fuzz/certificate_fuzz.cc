// A certificate that is taken is one that OpenSSL reads from the same bytes with the same
// extensions, key and times; what is left of it without an extension is what it was; and it never
// vouches for itself. Whom it says it was issued to can be shown on one line.

#include <openssl/x509.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "verifier/certificate/certificate.h"
#include "verifier/certificate/certificate_identity.h"
#include "verifier/certificate/chain.h"
#include "verifier/certificate/sct.h"
#include "verifier/der.h"

namespace {

using sigward::base::AsText;
using sigward::base::ByteView;
using sigward::verifier::Certificate;
using sigward::verifier::DerReader;
using sigward::verifier::DerTag;

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

ByteView View(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::time_t SecondsOf(const ASN1_TIME* time) {
  std::tm parts{};
  Require(ASN1_TIME_to_tm(time, &parts) == 1);
  return timegm(&parts);
}

void CheckAgainstOpenSsl(const Certificate& certificate) {
  X509* x509 = certificate.x509();
  Require(X509_get_ext_count(x509) == static_cast<int>(certificate.extensions().size()));
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* other = X509_get_ext(x509, i);
    const auto& extension = certificate.extensions()[static_cast<std::size_t>(i)];
    const ASN1_OBJECT* oid = X509_EXTENSION_get_object(other);
    Require(AsText(extension.oid) == AsText(ByteView(OBJ_get0_data(oid), OBJ_length(oid))));
    Require(AsText(extension.value) == AsText(View(X509_EXTENSION_get_data(other))));
    Require(extension.critical == (X509_EXTENSION_get_critical(other) > 0));
  }
  Require(certificate.validity().start->time_since_epoch().count() ==
          SecondsOf(X509_get0_notBefore(x509)));
  Require(certificate.validity().end->time_since_epoch().count() ==
          SecondsOf(X509_get0_notAfter(x509)));
}

void CheckTbs(const Certificate& certificate) {
  DerReader whole(certificate.der());
  DerReader contents(*whole.Read(DerTag::kSequence));
  Require(AsText(certificate.TbsWithout("")) == AsText(contents.ReadAny()->whole));
}

bool IsShownWhole(std::string_view text) {
  return sigward::base::OneLine(text, text.size()) == text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto certificate = Certificate::Parse({data, size});
  if (!certificate.ok()) {
    return 0;
  }
  Require(AsText(certificate->der()) == AsText(ByteView(data, size)));
  CheckAgainstOpenSsl(*certificate);
  CheckTbs(*certificate);
  if (const auto identity = ReadCertificateIdentity(*certificate); identity.ok()) {
    Require(!identity->subject.empty() && !identity->issuer.empty());
    Require(IsShownWhole(identity->subject) && IsShownWhole(identity->issuer));
  }
  sigward::verifier::CertificateAuthority authority;
  authority.chain = {*certificate};
  const std::vector<Certificate> intermediates = {*certificate};
  const std::vector<sigward::verifier::CertificateAuthority> authorities = {authority};
  const std::vector<sigward::verifier::Time> times = {*certificate->validity().start};
  sigward::verifier::ChainMemory memory;
  Require(!VerifyChain(*certificate, intermediates, authorities, times, memory).ok());
  Require(memory.size() == 0);
  return 0;
}
