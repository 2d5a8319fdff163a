"""A private Sigstore's evidence, good and bad, judged by sigward and by cosign 3.1.1: the same files, the same
outcome and the same reason, but for the disagreements named here."""
import json
import re
import unittest

from bed import signing
from bed.peers import SOURCE

from .case import InteropCase
from .keyless_cases import ARTIFACT, BLOB, CASES, ENVELOPE

VERIFIED, REFUSED = 0, 1
GOOD_CASES, BAD_CASES = 25, 101
# Where cosign accepts what sigward refuses on purpose: the case, and the row that explains it.
DOCUMENT = SOURCE / "docs/verify-bundle.md"
DISAGREEMENTS = {
    "logged in time, stamped too late": "several proven times, one of them wrong",
    "the signer is an authority": "a signer's certificate that is an authority's, or not made for signatures",
    "a key not made for signing": "a signer's certificate that is an authority's, or not made for signatures",
    "two names": "certificates with several names",
    "two issuers, the newer one expected": "Fulcio's two issuer extensions, different",
    "a right SCT and one over another certificate": "several SCTs of known logs, one of them wrong",
    "a proof of a larger tree": "an inclusion proof that says another size than its checkpoint",
    "another kind than the entry's own": "a log entry of another kind than the bundle says",
    "a right entry and one with another's promise": "several entries of known logs, one of them wrong",
    "a root among the certificates": "a root among a bundle's certificates",
    "base64 in the alphabet for addresses": "base64 in any second spelling",
    "base64 on several lines": "base64 in any second spelling",
    "null in place of a text": "null in place of a text or number",
    "a subject without a digest beside": "subjects of a statement without a digest",
}
# What cosign says where sigward gives that reason. What it does not take for a bundle, it reads as something older.
NO_BUNDLE = "only supported with --new-bundle-format|no signatures found"
SAYS = {
    "identity-mismatch": "certificate identity",
    "expired-certificate": "outside certificate validity|leaf certificate verification|verify timestamps",
    "untrusted-certificate": "leaf certificate verification|verify timestamps",
    "sct-invalid": "verify signed certificate timestamp",
    "not-logged": "verify log inclusion",
    "log-mismatch": f"verify log inclusion|{NO_BUNDLE}",
    "timestamp-invalid": "verify timestamps",
    "no-trusted-time": "verify timestamps",
    "bad-signature": f"failed to verify signature|{NO_BUNDLE}",
    "digest-mismatch": "does not match artifact|does not match any digest|verify message: invalid signature",
    "wrong-type": "unsupported DSSE payload type",
    "duplicate-key": f"{NO_BUNDLE}|decoding json",
    "malformed": f"{NO_BUNDLE}|expected issuer|duplicate tlog entries|exactly one signature|signature does not match",
    "unsupported-format": NO_BUNDLE,
}


class PrivateSigstore(InteropCase):
    def setUp(self):
        self.folder = self.place / "evidence"
        self.folder.mkdir(exist_ok=True)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def prepare(self, case, data, payload_type=None):
        """Writes the bundle; returns it, and the options that both programs share."""
        sigstore = case.sigstore()
        root = sigstore.trusted_root()
        if case.root:
            case.root(root)
        bundle = case.spell(json.dumps(case.recipe.bundle(sigstore, data, payload_type)).encode())
        return bundle, ("--certificate-identity", case.identity, "--certificate-oidc-issuer", case.issuer,
                        "--trusted-root", self.write("trusted_root.json", json.dumps(root).encode()))

    def judge_blob(self, case):
        bundle, options = self.prepare(case, ARTIFACT)
        argv = ("--bundle", self.write("bundle.json", bundle), *options, self.write("artifact", case.artifact))
        return (self.sigward.cli("verify-bundle", *argv, check=False),
                self.cosign.run("verify-blob", *argv, check=False))

    def judge_image(self, case):
        name = re.sub("[^a-z0-9]+", "-", case.name.lower())
        reference, digest = self.push(name)
        bundle, options = self.prepare(case, case.statement(digest), case.payload_type)
        self.attach_bundle(name, bundle)
        return (self.sigward.cli("verify-bundle", "--bundle", self.write("bundle.json", bundle), *options, digest,
                                 check=False),
                self.cosign.run("verify", *signing.INSECURE, *options, reference, check=False))

    def assert_all(self, carrier, judge):
        for case in CASES:
            if carrier not in case.carriers:
                continue
            with self.subTest(case.name):
                sigward, cosign = judge(case)
                self.assert_sigward(case, sigward)
                self.assert_cosign(case, cosign)

    def assert_sigward(self, case, done):
        self.assertEqual(done.returncode, REFUSED if case.reason else VERIFIED, done.stderr)
        if case.reason:
            self.assertTrue(done.stderr.startswith(f"sigward: {case.reason}: "), done.stderr)

    def assert_cosign(self, case, done):
        accepts = case.reason is None or case.name in DISAGREEMENTS
        self.assertEqual(done.returncode == 0, accepts, done.stderr)
        if not accepts:
            self.assertRegex(done.stderr, SAYS[case.reason])

    def test_blobs(self):
        self.assert_all(BLOB, self.judge_blob)

    def test_images(self):
        self.assert_all(ENVELOPE, self.judge_image)

    def test_what_the_table_holds(self):
        names = [case.name for case in CASES]
        self.assertEqual(len(names), len(set(names)))
        good = [case for case in CASES if case.reason is None]
        self.assertEqual((len(good), len(CASES) - len(good)), (GOOD_CASES, BAD_CASES))

    def test_every_disagreement_is_a_case_and_explained(self):
        refused = {case.name for case in CASES if case.reason}
        self.assertLessEqual(DISAGREEMENTS.keys(), refused)
        rows = {line.split("|")[1].strip() for line in DOCUMENT.read_text().splitlines() if line.startswith("|")}
        self.assertLessEqual(set(DISAGREEMENTS.values()), rows)


if __name__ == "__main__":
    unittest.main()
