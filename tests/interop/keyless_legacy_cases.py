"""The cases that cosign's legacy layers can carry: the signer's certificate, and one entry of Rekor v1, in
annotations."""
import json

from bed import signing
from bed.private_sigstore import evidence, keys
from bed.private_sigstore.certificates import MINUTE, SIGNED, Authority
from bed.private_sigstore.recipe import Recipe

from .keyless_cases import CERTIFICATES, GOOD, LEGACY, Case
from .keyless_faults import (bent, gone, of_another_certificate, of_another_digest, of_another_signature, of_this_but,
                             of_unknown_log, stamp_of_another, window, with_promise_by_another_log,
                             with_promise_of_another, without)

# Several entries, Rekor v2 and what a bundle says of itself have no place there.
BUNDLES_ALONE = {
    "Rekor v2 and a time stamp", "a stamp without its certificate", "both logs", "an entry of an unknown log beside",
    "a stamp by an unknown authority beside", "Ed25519", "bundle v0.1", "downgraded to v0.1, its proof dropped",
    "bundle v0.1 with a certificate alone", "bundle v0.2", "stamped at the certificate's last second",
    "the stamps' window ends then", "stamped a second too late", "stamped in time, logged too late without a promise"}


def in_log(*path, to):
    """Changes one member of the log's annotation."""
    def change(annotations):
        document = json.loads(annotations[evidence.LOG_BUNDLE])
        bent(*path, to=to)(document)
        annotations[evidence.LOG_BUNDLE] = json.dumps(document)
    return change


def spelled(change):
    """Changes the text of the log's annotation."""
    return bent(evidence.LOG_BUNDLE, to=change)


def legacy(name, reason, recipe=None, **more):
    return Case(name, reason, recipe or Recipe(), (LEGACY,), **{"statement": signing.payload, **more})


def next_one(number):
    return number + 1


LEGACY_CASES = (
    *(case for case in (*GOOD, *CERTIFICATES) if case.name not in BUNDLES_ALONE),
    legacy("no chain", None, Recipe(bend=gone(evidence.CHAIN))),
    legacy("a chain that leads elsewhere", None,
           Recipe(bend=bent(evidence.CHAIN, to=lambda _: "".join(one.pem for one in Authority().chain)))),
    legacy("a stamp of another signature beside the log", None, Recipe(stamps=stamp_of_another)),
    legacy("a chain that brings its own authority", "untrusted-certificate",
           Recipe(lambda sigstore: Authority().issue(sigstore.plan()))),
    legacy("no certificate", "bad-signature", Recipe(bend=gone(evidence.CERTIFICATE))),
    legacy("an entry of an unknown log", "not-logged", Recipe(entries=of_unknown_log)),
    legacy("no log", "not-logged", root=without("tlogs")),
    legacy("the log's window ended before", "not-logged", root=window("tlogs", end=SIGNED - MINUTE)),
    legacy("CVE-2022-36056: an entry of the same key and another digest", "log-mismatch",
           Recipe(entries=of_another_digest)),
    legacy("an entry of another signature by the same key", "log-mismatch", Recipe(entries=of_another_signature)),
    legacy("an entry of another certificate of the same key", "log-mismatch", Recipe(entries=of_another_certificate)),
    legacy("an entry of this signature and another digest", "log-mismatch", Recipe(entries=of_this_but("data"))),
    legacy("CVE-2022-23649: the promise of another entry", "not-logged", Recipe(entries=with_promise_of_another)),
    legacy("a promise by another log", "not-logged", Recipe(entries=with_promise_by_another_log)),
    legacy("another time than promised", "not-logged",
           Recipe(bend=in_log("Payload", "integratedTime", to=next_one))),
    legacy("another place than promised", "not-logged", Recipe(bend=in_log("Payload", "logIndex", to=next_one))),
    legacy("no promise", "not-logged", Recipe(bend=in_log("SignedEntryTimestamp", to=lambda _: ""))),
    legacy("a body that is no text", "malformed", Recipe(bend=in_log("Payload", "body", to=lambda _: {"a": 1}))),
    legacy("a log's annotation that is no JSON", "malformed", Recipe(bend=spelled(lambda text: text[:-1]))),
    legacy("a member twice in the log's annotation", "duplicate-key",
           Recipe(bend=spelled(lambda text: '{"SignedEntryTimestamp":"",' + text[1:]))),
    legacy("signed by another key", "bad-signature", Recipe(key=keys.p256())),
    legacy("a signature of something else", "bad-signature", Recipe(signs=lambda data: data + b" ")),
    legacy("a payload about another image", "digest-mismatch",
           statement=lambda _: signing.payload("sha256:" + "0" * 64)),
    legacy("a payload of another type", "wrong-type",
           statement=lambda digest: signing.payload(digest, "something else")),
)
