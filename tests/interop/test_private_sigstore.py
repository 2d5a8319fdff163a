"""A private Sigstore's evidence, good and bad, judged by sigward and by cosign 3.1.1: the same files, the same
outcome and the same reason, but for the disagreements named here."""
import json
import re
import unittest

from bed import signing
from bed.peers import SOURCE
from bed.policies import keyless, policy, trust_root, write

from .case import ALLOWED, NONE_VALID, InteropCase
from .keyless_cases import ARTIFACT, BLOB, CASES, ENVELOPE, LEGACY
from .keyless_legacy_cases import LEGACY_CASES

VERIFIED, REFUSED = 0, 1
GOOD_CASES, BAD_CASES = 27, 101
GOOD_LEGACY, BAD_LEGACY = 15, 53
# Where the two differ on purpose: the case, and the row of a document that explains it.
DOCUMENTS = ("docs/verify-bundle.md", "docs/policies.md")
ONE_WRONG_TIME = "several proven times, one of them wrong"
NOT_FOR_SIGNING = "a signer's certificate that is an authority's, or not made for signatures"
SEVERAL_NAMES = "certificates with several names"
TWO_ISSUERS = "Fulcio's two issuer extensions, different"
ONE_WRONG_SCT = "several SCTs of known logs, one of them wrong"
DISAGREEMENTS = {
    "logged in time, stamped too late": ONE_WRONG_TIME,
    "the signer is an authority": NOT_FOR_SIGNING,
    "a key not made for signing": NOT_FOR_SIGNING,
    "two names": SEVERAL_NAMES,
    "two issuers, the newer one expected": TWO_ISSUERS,
    "a right SCT and one over another certificate": ONE_WRONG_SCT,
    "a proof of a larger tree": "an inclusion proof that says another size than its checkpoint",
    "a proof at another place than the entry in Rekor v2": "a proof in Rekor v2 that says another place than its entry",
    "another kind than the entry's own": "a log entry of another kind than the bundle says",
    "a right entry and one with another's promise": "several entries of known logs, one of them wrong",
    "a root among the certificates": "a root among a bundle's certificates",
    "base64 in the alphabet for addresses": "base64 in any second spelling",
    "base64 on several lines": "base64 in any second spelling",
}
LEGACY_DISAGREEMENTS = {
    "an issuer in the newer words alone": "Fulcio's newer issuer extension alone",
    "logged in time, stamped too late": ONE_WRONG_TIME,
    "the authority's window ended before": "an authority's window that ended before the entry",
    "the signer is an authority": NOT_FOR_SIGNING,
    "a key not made for signing": NOT_FOR_SIGNING,
    "two names": SEVERAL_NAMES,
    "two issuers, the older one expected": TWO_ISSUERS,
    "a right SCT and one over another certificate": ONE_WRONG_SCT,
    "a member twice in the log's annotation": "a member twice in the log's annotation",
    "a payload of another type": "a payload of another type",
}
# What cosign says where sigward gives that reason. What it does not take for a bundle, it reads as something older.
NO_BUNDLE = "only supported with --new-bundle-format|no signatures found"
SAYS = {
    "identity-mismatch": "certificate identity|none of the expected identities",
    "expired-certificate": "outside certificate validity|leaf certificate verification|verify timestamps"
                           "|checking expiry",
    "untrusted-certificate": "leaf certificate verification|verify timestamps",
    "sct-invalid": "verify signed certificate timestamp|unable to meet threshold|required embedded SCT",
    "not-logged": "verify log inclusion|verifying bundle with trusted root",
    "log-mismatch": f"verify log inclusion|error verifying bundle|{NO_BUNDLE}",
    "timestamp-invalid": "verify timestamps",
    "no-trusted-time": "verify timestamps",
    "bad-signature": f"failed to verify signature|verifying signature: invalid signature|empty key|{NO_BUNDLE}",
    "digest-mismatch": "does not match artifact|missing digest in claim|does not match any digest"
                       "|verify message: invalid signature",
    "wrong-type": "unsupported DSSE payload type",
    "duplicate-key": f"{NO_BUNDLE}|decoding json",
    "malformed": f"{NO_BUNDLE}|expected issuer|expected identities|duplicate tlog entries|exactly one signature"
                 "|signature does not match|unmarshaling bundle|body is not a string|unable to verify SET",
    "unsupported-format": NO_BUNDLE,
}


class Evidence(InteropCase):
    """Makes the evidence of cases and asks both programs."""
    def setUp(self):
        self.folder = self.place / "evidence"
        self.folder.mkdir(exist_ok=True)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def prepare(self, case):
        """Makes the Sigstore and what is trusted of it; returns it, and the options that both programs share."""
        sigstore = case.sigstore()
        self.root = sigstore.trusted_root()
        if case.root:
            case.root(self.root)
        return sigstore, ("--certificate-identity", case.identity, "--certificate-oidc-issuer", case.issuer,
                          "--trusted-root", self.write("trusted_root.json", json.dumps(self.root).encode()))

    def bundle(self, case, sigstore, data, payload_type=None):
        return case.spell(json.dumps(case.recipe.bundle(sigstore, data, payload_type)).encode())

    def push_case(self, case):
        """Pushes an image; returns its repository, reference and digest."""
        name = re.sub("[^a-z0-9]+", "-", case.name.lower())
        return name, *self.push(name)

    def verify_bundle(self, *argv):
        return self.sigward.cli("verify-bundle", *argv, check=False)

    def verify_image(self, options, reference):
        return self.cosign.run("verify", *signing.INSECURE, *options, reference, check=False)

    def assert_bundle(self, case, done):
        self.assertEqual(done.returncode, REFUSED if case.reason else VERIFIED, done.stderr)
        if case.reason:
            self.assertTrue(done.stderr.startswith(f"sigward: {case.reason}: "), done.stderr)

    def assert_by_policy(self, case, reference):
        """`sigward verify --policy` says the same of the image."""
        folder = self.place / "keyless"
        write(folder, [policy("keyless", "**", keyless(case.issuer, case.identity, "private")),
                       trust_root("private", self.root)])
        done = self.sigward.cli("verify", "-o", "json", "--policy", folder, "--hosts-dir", self.hosts_dir, reference,
                                check=False)
        self.assertEqual(done.returncode, NONE_VALID if case.reason else ALLOWED, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout).get("reason"), case.reason, done.stdout)

    def assert_cosign(self, case, done, differs=DISAGREEMENTS):
        accepts = (case.reason is None) != (case.name in differs)
        self.assertEqual(done.returncode == 0, accepts, done.stderr)
        if not accepts and case.reason:
            self.assertRegex(done.stderr, SAYS[case.reason])


class Bundles(Evidence):
    def test_blobs(self):
        for case in CASES:
            if BLOB not in case.carriers:
                continue
            with self.subTest(case.name):
                sigstore, options = self.prepare(case)
                argv = ("--bundle", self.write("bundle.json", self.bundle(case, sigstore, ARTIFACT)), *options,
                        self.write("artifact", case.artifact))
                self.assert_bundle(case, self.verify_bundle(*argv))
                self.assert_cosign(case, self.cosign.run("verify-blob", *argv, check=False))

    def test_images(self):
        for case in CASES:
            if ENVELOPE not in case.carriers:
                continue
            with self.subTest(case.name):
                sigstore, options = self.prepare(case)
                name, reference, digest = self.push_case(case)
                bundle = self.bundle(case, sigstore, case.statement(digest), case.payload_type)
                self.attach_bundle(name, bundle)
                self.assert_bundle(case, self.verify_bundle("--bundle", self.write("bundle.json", bundle), *options,
                                                            digest))
                self.assert_cosign(case, self.verify_image(options, reference))
                self.assert_by_policy(case, reference)


class LegacySignatures(Evidence):
    def test_images(self):
        for case in LEGACY_CASES:
            with self.subTest(case.name):
                sigstore, options = self.prepare(case)
                name, reference, digest = self.push_case(case)
                said = (case.statement if LEGACY in case.carriers else signing.payload)(digest)
                self.attach_legacy(name, digest, [(said, case.recipe.annotations(sigstore, said))])
                self.assert_cosign(case, self.verify_image(options, reference), LEGACY_DISAGREEMENTS)
                self.assert_by_policy(case, reference)


class Tables(unittest.TestCase):
    def test_what_they_hold(self):
        for cases, good, bad in ((CASES, GOOD_CASES, BAD_CASES), (LEGACY_CASES, GOOD_LEGACY, BAD_LEGACY)):
            names = [case.name for case in cases]
            self.assertEqual(len(names), len(set(names)))
            self.assertEqual((sum(case.reason is None for case in cases), len(cases)), (good, good + bad))

    def test_every_disagreement_is_a_case_and_explained(self):
        rows = {line.split("|")[1].strip() for document in DOCUMENTS
                for line in (SOURCE / document).read_text().splitlines() if line.startswith("|")}
        for cases, disagreements in ((CASES, DISAGREEMENTS), (LEGACY_CASES, LEGACY_DISAGREEMENTS)):
            self.assertLessEqual(disagreements.keys(), {case.name for case in cases})
            self.assertLessEqual(set(disagreements.values()), rows)


if __name__ == "__main__":
    unittest.main()
