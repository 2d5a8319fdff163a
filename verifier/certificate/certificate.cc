#include "verifier/certificate/certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "verifier/certificate/certificate_der.h"
#include "verifier/ossl.h"

namespace sigward::verifier {
namespace {

using base::ByteView;

using X509Ptr = std::unique_ptr<X509, OsslDeleter<X509_free>>;

/// OpenSSL's reading of the same bytes. Null when it reads them differently or not at all.
X509Ptr ReadByOpenSsl(ByteView der) {
  X509Ptr made(X509_new_ex(Library(), nullptr));
  X509* x509 = made.release();
  const unsigned char* at = der.data();
  // Frees X509 and sets it to null when it fails.
  if (x509 == nullptr || d2i_X509(&x509, &at, static_cast<long>(der.size())) == nullptr) {
    return nullptr;
  }
  X509Ptr read(x509);
  // Makes OpenSSL look at the extensions now: it would do so at first use, which may be from
  // another thread, and one that it cannot read marks the whole certificate.
  if (at != der.data() + der.size() || X509_check_purpose(read.get(), -1, 0) != 1 ||
      (X509_get_extension_flags(read.get()) & EXFLAG_INVALID) != 0) {
    return nullptr;
  }
  unsigned char* written = nullptr;
  const int size = i2d_X509(read.get(), &written);
  const std::unique_ptr<unsigned char, decltype([](unsigned char* bytes) { OPENSSL_free(bytes); })>
      owner(written);
  if (size < 0 || !std::equal(der.begin(), der.end(), written, written + size)) {
    return nullptr;
  }
  return read;
}

}  // namespace

struct Certificate::Parts {
  base::ByteBuffer bytes;
  base::ByteBuffer fingerprint;
  CertificateDer der;
  X509Ptr x509;
};

base::Result<Certificate> Certificate::Parse(ByteView der) {
  if (der.size() > kMaxCertificateBytes) {
    return base::Fail(base::Reason::kTooLarge, "certificate: longer than " +
                                                   std::to_string(kMaxCertificateBytes) + " bytes");
  }
  auto parts = std::make_shared<Parts>();
  parts->bytes.assign(der.begin(), der.end());
  SIGWARD_ASSIGN_OR_RETURN(parts->der, ReadCertificateDer(parts->bytes));
  parts->x509 = ReadByOpenSsl(parts->bytes);
  if (parts->x509 == nullptr) {
    ERR_clear_error();
    return base::Fail(base::Reason::kMalformed, "certificate: OpenSSL cannot read it");
  }
  parts->fingerprint = HashOf(parts->bytes, HashAlgorithm::kSha256);
  return Certificate(std::move(parts));
}

ByteView Certificate::der() const {
  return parts_->bytes;
}

ByteView Certificate::fingerprint() const {
  return parts_->fingerprint;
}

ByteView Certificate::spki() const {
  return parts_->der.spki;
}

base::Result<PublicKey> Certificate::Key() const {
  return PublicKey::FromSpki(spki());
}

Validity Certificate::validity() const {
  return parts_->der.validity;
}

ByteView Certificate::subject() const {
  return parts_->der.subject;
}

ByteView Certificate::issuer() const {
  return parts_->der.issuer;
}

const std::vector<Extension>& Certificate::extensions() const {
  return parts_->der.extensions;
}

const Extension* Certificate::FindExtension(std::string_view oid) const {
  const auto found = std::find_if(extensions().begin(), extensions().end(),
                                  [&](const Extension& e) { return base::AsText(e.oid) == oid; });
  return found == extensions().end() ? nullptr : &*found;
}

base::ByteBuffer Certificate::TbsWithout(std::string_view oid) const {
  const auto append = [](base::ByteBuffer& to, ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
  };
  base::ByteBuffer kept;
  for (const Extension& extension : extensions()) {
    if (base::AsText(extension.oid) != oid) {
      append(kept, extension.element);
    }
  }
  base::ByteBuffer contents(parts_->der.before_extensions.begin(),
                            parts_->der.before_extensions.end());
  // Extensions are left out where there are none: the SEQUENCE may not be empty (RFC 5280 §4.1).
  if (!kept.empty()) {
    append(contents, DerElement(DerTag::kContext3, DerElement(DerTag::kSequence, kept)));
  }
  return DerElement(DerTag::kSequence, contents);
}

x509_st* Certificate::x509() const {
  return parts_->x509.get();
}

}  // namespace sigward::verifier
