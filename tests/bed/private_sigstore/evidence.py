"""Signatures by certificate, what logs write down of them, and how bundles and cosign's annotations carry them."""
import base64
import dataclasses
import json

from .. import signing
from ..signing import text
from . import keys

HASHEDREKORD = "hashedrekord"
CERTIFICATE, CHAIN = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain"
LOG_BUNDLE, STAMP = "dev.sigstore.cosign/bundle", "dev.sigstore.cosign/rfc3161timestamp"


@dataclasses.dataclass
class Signed:
    """A signature over DATA, or over the envelope of that PAYLOAD_TYPE."""
    signer: object
    data: bytes
    payload_type: str = None
    value: bytes = None

    def __post_init__(self):
        if self.value is None:
            self.value = keys.sign(self.signer.key, self.signed_bytes)

    @property
    def signed_bytes(self):
        if self.payload_type is None:
            return self.data
        return signing.pre_authentication(self.data, self.payload_type)

    @property
    def envelope(self):
        return {"payload": text(self.data), "payloadType": self.payload_type,
                "signatures": [{"sig": text(self.value)}]}


def _sha256(data):
    return {"algorithm": "sha256", "value": keys.sha256(data).hex()}


def _pem(signed):
    return text(signed.signer.pem.encode())


def hashedrekord(signed):
    """What Rekor v1 writes down of a signature over an artifact."""
    spec = {"data": {"hash": _sha256(signed.data)},
            "signature": {"content": text(signed.value), "publicKey": {"content": _pem(signed)}}}
    return {"apiVersion": "0.0.1", "kind": HASHEDREKORD, "spec": spec}


def dsse(signed):
    """What Rekor v1 writes down of an envelope."""
    spec = {"envelopeHash": _sha256(json.dumps(signed.envelope).encode()), "payloadHash": _sha256(signed.data),
            "signatures": [{"signature": text(signed.value), "verifier": _pem(signed)}]}
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}


def hashedrekord_v2(signed):
    """What Rekor v2 writes down of either."""
    record = {"data": {"algorithm": "SHA2_256", "digest": text(keys.sha256(signed.signed_bytes))},
              "signature": {"content": text(signed.value), "verifier": {
                  "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                  "x509Certificate": {"rawBytes": text(signed.signer.der)}}}}
    return {"apiVersion": "0.0.2", "kind": HASHEDREKORD, "spec": {"hashedRekordV002": record}}


def body_v1(signed):
    return hashedrekord(signed) if signed.payload_type is None else dsse(signed)


def bundle(signed, entries=(), stamps=(), version="0.3"):
    """The document of a Sigstore bundle of that VERSION."""
    leaf = {"rawBytes": text(signed.signer.der)}
    material = {"certificate": leaf} if version == "0.3" else {"x509CertificateChain": {"certificates": [leaf]}}
    material["tlogEntries"] = list(entries)
    if stamps:
        material["timestampVerificationData"] = {
            "rfc3161Timestamps": [{"signedTimestamp": text(stamp)} for stamp in stamps]}
    if signed.payload_type is None:
        content = {"messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": text(keys.sha256(signed.data))},
            "signature": text(signed.value)}}
    else:
        content = {"dsseEnvelope": signed.envelope}
    return {"mediaType": signing.bundle_type(version), "verificationMaterial": material, **content}


def annotations(signed, chain=(), entry=None, stamp=None):
    """What cosign puts beside the signature of a legacy layer."""
    out = {signing.SIGNATURE_ANNOTATION: text(signed.value), CERTIFICATE: signed.signer.pem}
    if chain:
        out[CHAIN] = "".join(certified.pem for certified in chain)
    if entry:
        out[LOG_BUNDLE] = json.dumps(log_bundle(entry))
    if stamp:
        out[STAMP] = json.dumps({"SignedRFC3161Timestamp": text(stamp)})
    return out


def log_bundle(entry):
    """An entry of Rekor v1 in cosign's older words."""
    return {"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]),
                        "logIndex": int(entry["logIndex"]),
                        "logID": base64.b64decode(entry["logId"]["keyId"]).hex()}}

