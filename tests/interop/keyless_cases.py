"""The table of test_private_sigstore: what evidence there is, and what sigward answers. Each bad case has one fault."""
import dataclasses

from cryptography import x509

from bed import signing
from bed.private_sigstore import keys
from bed.private_sigstore.certificates import (CODE_SIGNING, DAY, IDENTITY, ISSUER, MINUTE, SIGNED, TIME_STAMPING,
                                               YEAR, Authority, email, other_name, raw, uri)
from bed.private_sigstore.ct_log import CtLog
from bed.private_sigstore.recipe import Recipe, logged, logged_v2, nothing, stamped
from bed.private_sigstore.sigstore import Sigstore
from bed.private_sigstore.timestamps import TimestampAuthority, stamper_plan

from .keyless_faults import (
    ENTRY, LEAF, PROOF, V01, at, bent, by, extended, gone, in_v2, of_another_certificate, of_another_digest,
    of_another_signature, of_this_but, of_unknown_log, of_unknown_log_v2, of_more, plan, promised, stamp_by,
    stamp_of_another, stamp_refused, stamp_without_certificate, stamped_at, two, window, with_checkpoint_by_another_log,
    with_checkpoint_by_another_log_v2, with_checkpoint_of_another_tree, with_promise_by_another_log,
    with_promise_of_another, with_proof_of_another, with_root, without)

NOTHING = signing.text(b"\0" * 32)  # in place of a hash
ARTIFACT = b"an artifact\n"
BLOB, ENVELOPE, LEGACY = "blob", "envelope", "legacy"
BOTH = (BLOB, ENVELOPE)
OTHER = "https://github.com/example/other/.github/workflows/release.yml@refs/heads/main"


@dataclasses.dataclass
class Case:
    name: str
    # sigward's reason, None where it verifies.
    reason: str
    recipe: Recipe = dataclasses.field(default_factory=Recipe)
    carriers: tuple = BOTH
    # Whom the verifier is told to expect, and a change of what it trusts.
    identity: str = IDENTITY
    issuer: str = ISSUER
    root: object = None
    # Makes the Sigstore.
    sigstore: object = Sigstore
    # What is signed, given the image's digest; what the verifier is asked about; how the document is spelled.
    statement: object = signing.statement
    payload_type: str = signing.IN_TOTO
    artifact: bytes = ARTIFACT
    spell: object = lambda data: data


V2 = {"entries": logged_v2, "stamps": stamped}

GOOD = (
    Case("Rekor v1", None),
    Case("Rekor v1 and a time stamp", None, Recipe(stamps=stamped)),
    Case("Rekor v2 and a time stamp", None, Recipe(**V2)),
    Case("a stamp without its certificate", None, Recipe(entries=logged_v2, stamps=stamp_without_certificate)),
    Case("both logs", None, Recipe(entries=two(logged, logged_v2), stamps=stamped)),
    Case("an entry of an unknown log beside", None, Recipe(entries=two(logged, of_unknown_log))),
    Case("a stamp by an unknown authority beside", None,
         Recipe(stamps=two(stamped, stamp_by(TimestampAuthority("stranger"))))),
    Case("an address", None, Recipe(plan(email("signer@example.com"))), identity="signer@example.com"),
    Case("a name of Fulcio's own kind", None, Recipe(plan(other_name("signer!example.com"))),
         identity="signer!example.com"),
    Case("an issuer in the older words alone", None, Recipe(plan(issuer_v2=None))),
    Case("an issuer in the newer words alone", None, Recipe(plan(issuer=None))),
    Case("an SCT of an unknown log beside", None, Recipe(promised(lambda log: [log, CtLog()]))),
    Case("Ed25519", None, Recipe(lambda s: s.authority.issue(s.plan(), keys.edwards())), (ENVELOPE,)),
    Case("bundle v0.1", None, Recipe(version="0.1"), (BLOB,)),
    Case("downgraded to v0.1, its proof dropped", None, Recipe(version="0.1", bend=gone(*PROOF)), (BLOB,)),
    Case("bundle v0.1 with a certificate alone", None, Recipe(bend=bent("mediaType", to=lambda _: V01)), (BLOB,)),
    Case("bundle v0.2", None, Recipe(version="0.2"), (BLOB,)),
    Case("logged at the certificate's first second", None, Recipe(entries=at(SIGNED - MINUTE))),
    Case("logged at the certificate's last second", None, Recipe(entries=at(SIGNED + 9 * MINUTE))),
    Case("stamped at the certificate's last second", None,
         Recipe(entries=logged_v2, stamps=stamped_at(SIGNED + 9 * MINUTE))),
    Case("the log's window ends then", None, root=window("tlogs", end=SIGNED)),
    Case("the authority's window ends then", None, root=window("certificateAuthorities", end=SIGNED)),
    Case("the certificate log's window ends then", None, root=window("ctlogs", end=SIGNED)),
    Case("the stamps' window ends then", None, Recipe(**V2), root=window("timestampAuthorities", end=SIGNED)),
)

CERTIFICATES = (
    Case("another identity", "identity-mismatch", identity=OTHER),
    Case("a beginning of the identity", "identity-mismatch", identity=IDENTITY[:-1]),
    Case("another issuer", "identity-mismatch", issuer="https://accounts.example"),
    Case("no issuer", "malformed", Recipe(plan(issuer=None, issuer_v2=None))),
    Case("an address for another", "identity-mismatch", Recipe(plan(email("other@example.com"))),
         identity="signer@example.com"),
    Case("expired at the signing time", "expired-certificate", Recipe(plan(start=SIGNED - DAY, end=SIGNED - MINUTE))),
    Case("not yet valid at the signing time", "expired-certificate", Recipe(plan(start=SIGNED + MINUTE))),
    Case("logged a second too early", "expired-certificate", Recipe(entries=at(SIGNED - MINUTE - MINUTE / 60))),
    Case("logged a second too late", "expired-certificate", Recipe(entries=at(SIGNED + 9 * MINUTE + MINUTE / 60))),
    Case("stamped a second too late", "expired-certificate",
         Recipe(entries=logged_v2, stamps=stamped_at(SIGNED + 9 * MINUTE + MINUTE / 60))),
    Case("logged in time, stamped too late", "expired-certificate",
         Recipe(stamps=stamped_at(SIGNED + 10 * MINUTE))),
    Case("stamped in time, logged too late", "expired-certificate",
         Recipe(entries=at(SIGNED + 10 * MINUTE), stamps=stamped)),
    Case("stamped in time, logged too late without a promise", "expired-certificate",
         Recipe(entries=at(SIGNED + 10 * MINUTE), stamps=stamped, bend=gone(*ENTRY, "inclusionPromise"))),
    Case("an authority that is not trusted", "untrusted-certificate", Recipe(by(Authority("stranger")))),
    Case("an authority of the trusted one's name", "untrusted-certificate", Recipe(by(Authority()))),
    Case("the authority's window ended before", "expired-certificate",
         root=window("certificateAuthorities", end=SIGNED - MINUTE)),
    Case("the authority's window starts after", "expired-certificate",
         root=window("certificateAuthorities", start=SIGNED + MINUTE)),
    Case("no authority", "untrusted-certificate", root=without("certificateAuthorities")),
    Case("made for time stamps", "untrusted-certificate", Recipe(plan(usages=(TIME_STAMPING,)))),
    Case("an unknown critical extension", "untrusted-certificate",
         Recipe(lambda s: s.signer(extended(s.plan(), raw("1.3.6.1.4.1.57264.9", b"\5\0", True))))),
    Case("the authority's certificate had expired", "expired-certificate",
         sigstore=lambda: Sigstore(Authority(end=SIGNED - MINUTE, root_end=SIGNED + YEAR))),
    Case("the root's certificate had expired", "expired-certificate",
         sigstore=lambda: Sigstore(Authority(root_end=SIGNED - MINUTE))),
    Case("an authority for time stamps", "untrusted-certificate",
         sigstore=lambda: Sigstore(Authority(usage=TIME_STAMPING))),
    Case("the signer is an authority", "untrusted-certificate",
         Recipe(lambda s: s.signer(extended(s.plan(), (x509.BasicConstraints(True, None), True))))),
    Case("a key not made for signing", "untrusted-certificate", Recipe(plan(wrong_use=True))),
    Case("two names", "malformed", Recipe(plan(uri(IDENTITY), uri(OTHER)))),
    Case("two issuers, the older one expected", "malformed", Recipe(plan(issuer_v2="https://accounts.example"))),
    Case("two issuers, the newer one expected", "malformed", Recipe(plan(issuer="https://accounts.example"))),
    Case("no SCT", "sct-invalid", Recipe(plan(promised=None))),
    Case("an SCT of another log", "sct-invalid", Recipe(promised(lambda log: [CtLog()]))),
    Case("an SCT over another certificate", "sct-invalid", Recipe(promised(lambda log: [log], [of_more]))),
    Case("a right SCT and one over another certificate", "sct-invalid",
         Recipe(promised(lambda log: [log, log], [None, of_more]))),
    Case("the certificate log's window ended before", "sct-invalid", root=window("ctlogs", end=SIGNED - MINUTE)),
    Case("no certificate log", "sct-invalid", root=without("ctlogs")),
)

LOGS = (
    Case("an entry of this signature and another digest", "log-mismatch", Recipe(entries=of_this_but("data")), (BLOB,)),
    Case("an entry of this signature and another payload", "log-mismatch",
         Recipe(entries=of_this_but("payloadHash")), (ENVELOPE,)),
    Case("no entry", "not-logged", Recipe(entries=nothing)),
    Case("a time stamp alone", "not-logged", Recipe(entries=nothing, stamps=stamped)),
    Case("an entry of an unknown log", "not-logged", Recipe(entries=of_unknown_log)),
    Case("an entry of an unknown log v2", "not-logged", Recipe(entries=of_unknown_log_v2, stamps=stamped)),
    Case("no log", "not-logged", root=without("tlogs")),
    Case("the log's window ended before", "not-logged", root=window("tlogs", end=SIGNED - MINUTE)),
    Case("CVE-2024-51746: an entry of the same key and another digest", "log-mismatch",
         Recipe(entries=of_another_digest)),
    Case("CVE-2024-51746 in Rekor v2", "log-mismatch", Recipe(entries=in_v2(of_another_digest), stamps=stamped)),
    Case("an entry of another signature by the same key", "log-mismatch", Recipe(entries=of_another_signature)),
    Case("an entry of another signature in Rekor v2", "log-mismatch",
         Recipe(entries=in_v2(of_another_signature), stamps=stamped)),
    Case("an entry of another certificate of the same key", "log-mismatch", Recipe(entries=of_another_certificate)),
    Case("an entry of another certificate in Rekor v2", "log-mismatch",
         Recipe(entries=in_v2(of_another_certificate), stamps=stamped)),
    Case("CVE-2022-23649: the promise of another entry", "not-logged", Recipe(entries=with_promise_of_another)),
    Case("a promise by another log", "not-logged", Recipe(entries=with_promise_by_another_log)),
    Case("another time than promised", "not-logged",
         Recipe(bend=bent(*ENTRY, "integratedTime", to=lambda old: str(int(old) + 1)))),
    Case("another place than promised", "not-logged",
         Recipe(bend=bent(*ENTRY, "logIndex", to=lambda old: str(int(old) + 1)))),
    Case("the proof of another entry", "not-logged", Recipe(entries=with_proof_of_another)),
    Case("a bent proof", "not-logged", Recipe(bend=bent(*PROOF, "hashes", 0, to=lambda _: NOTHING))),
    Case("a shorter proof", "not-logged", Recipe(bend=gone(*PROOF, "hashes", -1))),
    Case("a proof at another place", "not-logged",
         Recipe(bend=bent(*PROOF, "logIndex", to=lambda old: str(int(old) + 1)))),
    Case("a proof at another place than the entry in Rekor v2", "not-logged", Recipe(
        **V2, bend=bent(*PROOF, "logIndex", to=lambda old: str(int(old) + 1)))),
    Case("a proof of a larger tree", "not-logged",
         Recipe(bend=bent(*PROOF, "treeSize", to=lambda old: str(int(old) + 1)))),
    Case("a proof of another root", "not-logged", Recipe(bend=bent(*PROOF, "rootHash", to=lambda _: NOTHING))),
    Case("a checkpoint by another log", "not-logged", Recipe(entries=with_checkpoint_by_another_log)),
    Case("a checkpoint by another log v2", "not-logged",
         Recipe(entries=with_checkpoint_by_another_log_v2, stamps=stamped)),
    Case("a checkpoint of another tree", "not-logged", Recipe(entries=with_checkpoint_of_another_tree)),
    Case("no checkpoint", "malformed", Recipe(bend=gone(*PROOF, "checkpoint"))),
    Case("no proof", "malformed", Recipe(bend=gone(*PROOF))),
    Case("a proof and no promise", "no-trusted-time", Recipe(bend=gone(*ENTRY, "inclusionPromise"))),
    Case("another kind than the entry's own", "log-mismatch",
         Recipe(bend=bent(*ENTRY, "kindVersion", to=lambda _: {"kind": "intoto", "version": "0.0.2"}))),
    Case("one entry twice", "malformed", Recipe(entries=lambda s, signed: logged(s, signed) * 2)),
    Case("a right entry and one of another digest", "log-mismatch", Recipe(entries=two(logged, of_another_digest))),
    Case("a right entry and one with another's promise", "not-logged",
         Recipe(entries=two(logged, with_promise_of_another))),
    Case("a right entry of Rekor v1 and a wrong one of Rekor v2", "log-mismatch",
         Recipe(entries=two(logged, in_v2(of_another_digest)), stamps=stamped)),
    Case("a right entry of Rekor v2 and a wrong one of Rekor v1", "log-mismatch",
         Recipe(entries=two(logged_v2, of_another_digest), stamps=stamped)),
)

STAMPS = (
    Case("a stamp by an authority's certificate that had expired", "expired-certificate", Recipe(**V2),
         sigstore=lambda: Sigstore(stamps=TimestampAuthority(plan=stamper_plan(end=SIGNED - MINUTE)))),
    Case("a stamp by a signer that may do more", "untrusted-certificate", Recipe(**V2), sigstore=lambda: Sigstore(
        stamps=TimestampAuthority(plan=stamper_plan(usages=(TIME_STAMPING, CODE_SIGNING))))),
    Case("a stamp by a signer whose use is not critical", "untrusted-certificate", Recipe(**V2),
         sigstore=lambda: Sigstore(stamps=TimestampAuthority(plan=stamper_plan(usages_critical=False)))),
    Case("Rekor v2 and no time stamp", "no-trusted-time", Recipe(entries=logged_v2)),
    Case("a stamp of another signature", "timestamp-invalid", Recipe(entries=logged_v2, stamps=stamp_of_another)),
    Case("a stamp by an unknown authority", "untrusted-certificate",
         Recipe(entries=logged_v2, stamps=stamp_by(TimestampAuthority("stranger")))),
    Case("a stamp by an authority of the same name", "untrusted-certificate",
         Recipe(entries=logged_v2, stamps=stamp_by(TimestampAuthority()))),
    Case("a stamp that was not granted", "timestamp-invalid", Recipe(entries=logged_v2, stamps=stamp_refused)),
    Case("the stamps' window ended before", "expired-certificate", Recipe(**V2),
         root=window("timestampAuthorities", end=SIGNED - MINUTE)),
    Case("the stamps' window starts after", "expired-certificate", Recipe(**V2),
         root=window("timestampAuthorities", start=SIGNED + MINUTE)),
    Case("no time-stamp authority", "untrusted-certificate", Recipe(**V2), root=without("timestampAuthorities")),
)

SIGNATURES = (
    Case("signed by another key", "bad-signature", Recipe(key=keys.p256())),
    Case("signed by another key, in Rekor v2", "bad-signature", Recipe(key=keys.p256(), **V2)),
    Case("a signature of something else", "bad-signature", Recipe(signs=lambda data: data + b" ")),
    Case("another digest beside the signature", "digest-mismatch",
         Recipe(bend=bent("messageSignature", "messageDigest", "digest", to=lambda _: NOTHING)), (BLOB,)),
    Case("another artifact", "digest-mismatch", carriers=(BLOB,), artifact=b"another\n"),
    Case("a statement about another artifact", "digest-mismatch", carriers=(ENVELOPE,),
         statement=lambda _: signing.statement("sha256:" + "0" * 64)),
    Case("an envelope of another type", "wrong-type", carriers=(ENVELOPE,), payload_type="text/plain"),
    Case("two signatures", "malformed",
         Recipe(bend=bent("dsseEnvelope", "signatures", to=lambda old: old * 2)), (ENVELOPE,)),
    Case("no signature", "malformed", Recipe(bend=bent("dsseEnvelope", "signatures", to=lambda _: [])), (ENVELOPE,)),
)

FORMATS = (
    Case("downgraded to v0.1, of a log that promises nothing", "malformed",
         Recipe(version="0.1", entries=logged_v2, stamps=stamped), (BLOB,)),
    Case("a later version", "unsupported-format",
         Recipe(bend=bent("mediaType", to=lambda _: "application/vnd.dev.sigstore.bundle.v0.4+json"))),
    Case("a chain in v0.3", "malformed", Recipe(version="0.2", bend=bent("mediaType", to=lambda _: signing.BUNDLE))),
    Case("a root among the certificates", "malformed", Recipe(version="0.2", bend=with_root), (BLOB,)),
    Case("a member twice", "duplicate-key", spell=lambda data: b'{"mediaType":"",' + data[1:]),
    Case("more behind the document", "malformed", spell=lambda data: data + b"{}"),
    Case("a statement with a member twice", "duplicate-key", carriers=(ENVELOPE,),
         statement=lambda digest: b'{"_type":"",' + signing.statement(digest)[1:]),
    Case("base64 in the alphabet for addresses", "malformed", Recipe(bend=bent(
        *LEAF, to=lambda old: old.replace("/", "_").replace("+", "-")))),
    Case("base64 on several lines", "malformed", Recipe(bend=bent(*LEAF, to=lambda old: old + "\n" * 4))),
    Case("null in place of a list", None, Recipe(bend=bent("verificationMaterial", "timestampVerificationData",
                                                           to=lambda _: None))),
    Case("null in place of a text", None, Recipe(bend=bent("dsseEnvelope", "signatures", 0, "keyid",
                                                                  to=lambda _: None)), (ENVELOPE,)),
    Case("a subject without a digest beside", None, carriers=(ENVELOPE,), statement=lambda digest:
         signing.statement(digest).replace(b'"subject":[', b'"subject":[{"name":"x"},')),
    Case("an unknown field", "malformed", Recipe(bend=bent("verificationMaterial", "more", to=lambda _: "x"))),
)

CASES = (*GOOD, *CERTIFICATES, *LOGS, *STAMPS, *SIGNATURES, *FORMATS)
