#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "verifier/public_key.h"

namespace sigward::verifier {

/// A DSSE envelope with its one signature, decoded. Nothing in it is to be believed yet.
struct DsseEnvelope {
  std::string payload_type;
  base::ByteBuffer payload;
  base::ByteBuffer signature;
};

/// The bytes that an envelope's signature is over: DSSE's pre-authentication encoding,
/// "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload.
base::ByteBuffer PreAuthEncoding(const DsseEnvelope& envelope);

/// Type and payload as views into the signed bytes.
struct SignedPayload {
  std::string_view type;
  base::ByteView payload;
};

/// Takes a verified pre-authentication encoding apart. So what is parsed afterwards is what was
/// signed, and not what an envelope claims was. Fails with kMalformed.
base::Result<SignedPayload> ReadSignedPayload(const SignedBytes& encoding);

}  // namespace sigward::verifier
