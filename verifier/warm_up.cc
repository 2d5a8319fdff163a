#include <array>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "verifier/public_key.h"

namespace sigward::verifier {
namespace {

constexpr std::string_view kMessage = "sigward self test";

/// A key and a signature by it over kMessage with SHA-256, made once for this purpose; the private
/// halves are gone.
struct KnownAnswer {
  std::string_view key;
  std::string_view signature;
};

constexpr std::array<KnownAnswer, 5> kKnownAnswers = {{
    {"-----BEGIN PUBLIC KEY-----\n"
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEnMpMBYe+on6zDwSJm6ZludwWwFZ\n"
     "D5WMsmpnqUEt/dDa1HZQ/QrJm0eahb5fSBEE+CaLiX7ADEXW1/E/fk314g==\n"
     "-----END PUBLIC KEY-----\n",
     "MEYCIQDIOHfWGKosSvkw4aJ4c6/KeM2rrUjZa/7j1oPlXCjqdAIhAMidWvpDtSnIqSCaYBqWr43Q"
     "UogcPbY+p/P4dyiRXJC+"},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEQswj3Wfy0xvNSpDc2dLTyRHZ1JNEgKUP\n"
     "LOS8Jgn0mOJxv1AzL+C76qlAinx8HKaNbcvBmVEwbYUxtksjPsw++15rvaZiVd8B\n"
     "EcaX4/oqohjtSO/cufvfiobCF9q2GvGH\n"
     "-----END PUBLIC KEY-----\n",
     "MGQCMDjQmS9Kpivno3YWfEL4zu0R7zFpIsSsW/SS/RxZMdaxgrto9Bmx8M3RqdNYiUE15QIwTm5F"
     "gPvHiApltFrN+ecr3wR0ID/hXjlVX3YdSQssZkNFHV7mUP8MAG8Qk+3T+dpa"},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBCGoM3a8tgaMXj+dNmsDiCRkIIZ0O\n"
     "pexuZsw8xnGJROxWOD90XYgpW7dBSzfCEeGHiLJwIfjrNSa6V3a7EFxiW3cBQJr9\n"
     "/KayEqp7sx4BH6tkZXOFNMXngpKv+ld8caT+Lug4w3IPYp6jjccVaRt2vvdxzWXz\n"
     "zES6+XaLb0wZbF0n6Sk=\n"
     "-----END PUBLIC KEY-----\n",
     "MIGHAkIBibT4jqlG0uPl5usovl+GjfIlAZ6tJ/ufbAWv5a8bK767PJrAH8B0ZOXX1Amf/ojj7lSo"
     "yISgK2HijGhNZZZqx5oCQW8YzZHRihzUfFK4q0apSZ/NXaEwnQyCc7T8Ek4d2Wr56bDYFfr11jE4"
     "Qm/uKM48b7Iy44kqqn3QCM2BYot9OMoU"},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwM090NwrXvaSUXvBkGnb\n"
     "e7yhhi2EMIvqJsFYEKB2d0QMuQZI2T2O7Td9oWYwKyIIddIQm88z1DvKmex4D1r9\n"
     "ZvI8XspSxkWZ0jjpilzJ1NjYesRgP/s8yQFY5VQ2raMJNq+ubp4pGsV3BkcsIhr9\n"
     "TxWs1scKOBez3lVSDR834BV5gAjRxESQaaryJ81HqbVj56hKxFdN2kEQjeJdYyzr\n"
     "Lbuy6Mc58DpddPUz0dg9E2xK9ZmovuMNG7vwNWm6PsEIAVX6LI6HNIsoYJmSM4EG\n"
     "DierCUcnkpjba2LhZFYqYLisAk2D3pKO3GG9cPCuM8lbSOkw8GnhTX/MNEse1Y9E\n"
     "/QIDAQAB\n"
     "-----END PUBLIC KEY-----\n",
     "ehqWP7RWYDlYBsghkJkI/vBQvc95mhBe/rT5Mi6kfFunix6efiOiy5QBXHGH89SXsdsp5CeB9tJr"
     "npMk73ChXvGZvPkA8mBkkyo3VISZmXU2fs58NuvKw3Z0Nfvq/RtS3RynDSLjRJcLi0cqsYsizX5w"
     "uQwHxa9bEyTOnm9yvs2IyXUzchnM6/VZs5JOoY784Ap180fA9i2oDaeH7f1TraFuvRljcZSDfkyS"
     "qwZDXVggZp751U7M/c35WKpoBuk5ngqSohGz6UkV/iNGuHVpQA3WnZkOlifhEyND4S1+wz1wqyB/"
     "6E5IfffX3Jm/B2cJvq1kl2J8RLkllZU6GPqJAA=="},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MCowBQYDK2VwAyEAH97PtOL94gfaH1xC4ffgmzjGg3QCOkfaFRWeqifP9AU=\n"
     "-----END PUBLIC KEY-----\n",
     "cMo/efFz4vxmUxJ87PXE0S0NETpqGwZ1yzuPxN5KKM+UhZdEoh5I4teaprP6WvJvADJOAD5vi6UP"
     "4cFWCwxfCA=="},
}};

base::Status Check(const KnownAnswer& known) {
  SIGWARD_ASSIGN_OR_RETURN(const PublicKey key, PublicKey::Parse(known.key));
  SIGWARD_ASSIGN_OR_RETURN(base::ByteBuffer signature,
                           base::DecodeBase64(known.signature, known.signature.size()));
  const base::ByteView message = base::AsBytes(kMessage);
  SIGWARD_RETURN_IF_ERROR(key.Verify(message, signature, HashAlgorithm::kSha256));
  // The way to a refusal has first uses of its own.
  signature.back() ^= 1;
  if (key.Verify(message, signature, HashAlgorithm::kSha256).ok()) {
    return base::Fail(base::Reason::kInternal, "a bad signature passed");
  }
  return base::Ok();
}

}  // namespace

base::Status WarmUp() {
  for (const KnownAnswer& known : kKnownAnswers) {
    if (const base::Status status = Check(known); !status.ok()) {
      return base::Fail(base::Reason::kInternal, "self test: " + status.error().detail);
    }
  }
  return base::Ok();
}

}  // namespace sigward::verifier
