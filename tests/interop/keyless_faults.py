"""The faults of keyless_cases, one by one: steps of a Recipe, changes of its document and of a trusted root."""
import base64
import dataclasses
import functools

from bed import signing
from bed.private_sigstore import ct_log, keys
from bed.private_sigstore.certificates import Authority
from bed.private_sigstore.evidence import Signed, body_v1, hashedrekord_v2
from bed.private_sigstore.recipe import logged, logged_v2
from bed.private_sigstore.rekor import RekorV1, RekorV2
from bed.private_sigstore.trusted import utc


def plan(*names, **changed):
    """A signer's certificate by the private authority, CHANGED in one thing."""
    return lambda sigstore: sigstore.signer(sigstore.plan(*names, **changed))


def by(authority, **changed):
    return lambda sigstore: sigstore.signer(sigstore.plan(**changed), authority)


def promised(logs, bends=()):
    """A signer's certificate with a promise by each of LOGS, which are made of the right one."""
    return lambda sigstore: sigstore.signer(sigstore.plan(promised=ct_log.promised(*logs(sigstore.ct_log),
                                                                                   bends=bends)))


def of_more(tbs):
    """What an SCT over another certificate is over."""
    return tbs + b"\0"


def extended(one, *extensions):
    return dataclasses.replace(one, extensions=(*one.extensions, *extensions))


def window(part, **bounds):
    """Windows in all of one part of the trusted root."""
    def change(root):
        for one in root[part]:
            where = one["publicKey"] if "publicKey" in one else one
            where["validFor"].update({name: utc(time) for name, time in bounds.items()})
    return change


def without(part):
    """A trusted root without that part."""
    def change(root):
        root[part] = []
    return change


def bent(*path, to):
    """Changes one member of the document; TO is given the old one."""
    def change(document):
        *way, last = path
        for step in way:
            document = document[step]
        document[last] = to(document.get(last) if isinstance(document, dict) else document[last])
    return change


def gone(*path):
    def change(document):
        *way, last = path
        for step in way:
            document = document[step]
        del document[last]
    return change


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
LEAF = ("verificationMaterial", "certificate", "rawBytes")
V01 = signing.bundle_type("0.1")


# ---- other entries than the right one ------------------------------------------------------------


def at(time):
    return lambda sigstore, signed: [sigstore.rekor.add(body_v1(signed), time)]


def of_unknown_log(_sigstore, signed):
    return [RekorV1("stranger.example").add(body_v1(signed))]


def of_unknown_log_v2(_sigstore, signed):
    return [RekorV2("stranger.example").add(hashedrekord_v2(signed))]


def of_another_digest(sigstore, signed, log=logged):
    """The same key and certificate, another artifact."""
    return log(sigstore, Signed(signed.signer, signed.data + b" ", signed.payload_type))


def of_another_signature(sigstore, signed, log=logged):
    """The same key, certificate and artifact; ECDSA signs it anew."""
    return log(sigstore, Signed(signed.signer, signed.data, signed.payload_type))


def of_another_certificate(sigstore, signed, log=logged):
    """The same key and signature; the certificate was issued again."""
    again = sigstore.authority.issue(sigstore.plan(), signed.signer.key)
    return log(sigstore, Signed(again, signed.data, signed.payload_type, signed.value))


def of_this_but(member):
    """This signature and certificate with another digest: Rekor would not have taken it."""
    def entries(sigstore, signed):
        body, digest = body_v1(signed), {"algorithm": "sha256", "value": "0" * 64}
        body["spec"][member] = {"hash": digest} if member == "data" else digest
        return [sigstore.rekor.add(body)]
    return entries


def in_v2(step):
    """The same fault in Rekor v2."""
    return functools.partial(step, log=logged_v2)


def with_promise_of_another(sigstore, signed):
    """The right entry with the promise of another signature by the same key: CVE-2022-23649's glue."""
    [entry], [other] = logged(sigstore, signed), of_another_digest(sigstore, signed)
    return [{**entry, "inclusionPromise": other["inclusionPromise"]}]


def with_promise_by_another_log(sigstore, signed):
    [entry], stranger = logged(sigstore, signed), RekorV1(sigstore.rekor.host)
    stranger.log_id = sigstore.rekor.log_id
    promise = stranger.promise(base64.b64decode(entry["canonicalizedBody"]), int(entry["logIndex"]),
                               int(entry["integratedTime"]))
    return [{**entry, "inclusionPromise": {"signedEntryTimestamp": signing.text(promise)}}]


def with_proof_of_another(sigstore, signed):
    [entry], [other] = logged(sigstore, signed), of_another_digest(sigstore, signed)
    return [{**entry, "inclusionProof": other["inclusionProof"]}]


def _with_checkpoint(entry, note):
    return [{**entry, "inclusionProof": {**entry["inclusionProof"], "checkpoint": {"envelope": note}}}]


def with_checkpoint_by_another_log(sigstore, signed):
    [entry] = logged(sigstore, signed)
    return _with_checkpoint(entry, sigstore.rekor.checkpoint(by=RekorV1(sigstore.rekor.host)))


def with_checkpoint_by_another_log_v2(sigstore, signed):
    [entry] = logged_v2(sigstore, signed)
    return _with_checkpoint(entry, sigstore.rekor_v2.checkpoint(by=RekorV2(sigstore.rekor_v2.host)))


def with_checkpoint_of_another_tree(sigstore, signed):
    [entry] = logged(sigstore, signed)
    return _with_checkpoint(entry, sigstore.rekor.checkpoint(root=keys.sha256(b"another")))


def two(first, second):
    return lambda sigstore, signed: [*first(sigstore, signed), *second(sigstore, signed)]


def with_root(document):
    certificates = document["verificationMaterial"]["x509CertificateChain"]["certificates"]
    certificates.append({"rawBytes": signing.text(Authority().root.der)})


# ---- other time stamps than the right one --------------------------------------------------------


def stamped_at(time):
    return lambda sigstore, signed: [sigstore.stamps.stamp(signed.value, time)]


def stamp_of_another(sigstore, signed):
    return [sigstore.stamps.stamp(signed.value + b"x")]


def stamp_without_certificate(sigstore, signed):
    return [sigstore.stamps.stamp(signed.value, carried=False)]


def stamp_refused(sigstore, signed):
    return [sigstore.stamps.stamp(signed.value, status=2)]


def stamp_by(authority):
    return lambda _sigstore, signed: [authority.stamp(signed.value)]
