"""Log entries that a signature does not carry along: the private log's API beside Debian's rekor-cli, which finds and
verifies entries in it as in any Rekor v1, and beside cosign, which looks up what sigward looks up."""
import base64
import json
import pathlib
import tempfile
import types
import unittest

from bed import signing
from bed.peers import peer
from bed.policies import key, policy, trust_root, write
from bed.private_sigstore import evidence, keys
from bed.private_sigstore.log_server import RETRIEVE, LogServer, answer_of
from bed.private_sigstore.sigstore import Sigstore
from bed.process import run

from .case import ALLOWED, NONE_VALID, InteropCase


class RekorCli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.sigstore = Sigstore()
        self.server = LogServer(self.sigstore.rekor)
        self.addCleanup(self.server.stop)
        self.signed = evidence.Signed(self.sigstore.signer(), b"what is signed")

    def cli(self, verb, *argv):
        return run(peer("rekor-cli"), verb, "--rekor_server", self.server.url, "--store_tree_state=false",
                   "--format", "json", *argv, env={"HOME": str(self.folder)}, check=False)

    def verify(self, signed):
        """What `rekor-cli verify` says of a signature: it asks for it as sigward does, by its proposed entry."""
        signature, key = self.folder / "signature", self.folder / "key.pem"
        signature.write_bytes(signed.value)
        key.write_text(signed.signer.pem)
        return self.cli("verify", "--type", "hashedrekord", "--pki-format", "x509", "--signature", signature,
                        "--public-key", key, "--artifact-hash", keys.sha256(signed.data).hex())

    def test_an_entry_is_found_and_verified_by_its_signature(self):
        self.server.keep(evidence.body_v1(evidence.Signed(self.sigstore.signer(), b"before it")))
        entry = self.server.keep(evidence.body_v1(self.signed))
        done = self.verify(self.signed)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["Index"], int(entry["inclusionProof"]["logIndex"]))
        [(path, body)] = self.server.requests
        self.assertEqual(path, RETRIEVE)
        [proposed] = json.loads(body)["entries"]
        self.assertEqual(proposed, json.loads(base64.b64decode(entry["canonicalizedBody"])))

    def test_what_is_not_logged_is_not_found(self):
        done = self.verify(self.signed)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("cannot be located", done.stderr)

    def test_a_signature_by_another_key_is_refused(self):
        self.server.keep(evidence.body_v1(self.signed))
        other = evidence.Signed(self.sigstore.signer(), self.signed.data, value=self.signed.value)
        self.assertNotEqual(self.verify(other).returncode, 0)
        status, _ = self.server.retrieve({"entries": [evidence.hashedrekord(other)]})
        self.assertEqual(status, 400)

    def test_an_entry_is_got_by_its_name(self):
        entry = self.server.keep(evidence.body_v1(self.signed))
        [name] = answer_of(entry)
        done = self.cli("get", "--uuid", name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["LogIndex"], int(entry["logIndex"]))


class BesideCosign(InteropCase):
    """The same image, signed by a key without a log entry beside it: both look the entry up, with the same question."""

    @classmethod
    def setUpClass(cls):
        cls.sigstore = Sigstore()
        cls.server = LogServer(cls.sigstore.rekor)
        cls.addClassCleanup(cls.server.stop)
        super().setUpClass()
        cls.log_key = cls.place / "log.pub"
        cls.log_key.write_bytes(keys.public_pem(cls.sigstore.rekor.key))
        cls.folder = cls.place / "looked-up"
        own = {"ctlog": {"trustRootRef": "private", "url": cls.server.url}}
        write(cls.folder, [policy("by-key", "**", {**key(cls.keys.public("good")), **own}),
                           trust_root("private", cls.sigstore.trusted_root())])

    def signed(self, name):
        reference, digest = self.push(name)
        said, signature = self.legacy_layer(digest)
        self.attach_legacy(name, digest, [(said, signature)])
        return reference, evidence.Signed(types.SimpleNamespace(pem=self.keys.public("good")), said,
                                          value=base64.b64decode(signature))

    def questions(self):
        """What the log was asked since it was last looked at."""
        asked = [json.loads(body)["entries"] for path, body in self.server.requests if path == RETRIEVE]
        self.server.requests.clear()
        return asked

    def by_sigward(self, reference):
        """How it ends, and what it asked the log."""
        done = self.sigward.cli("verify", "--policy", self.folder, "--hosts-dir", self.hosts_dir, reference,
                                check=False)
        return done.returncode, self.questions()

    def by_cosign(self, reference):
        done = self.cosign.run("verify", *signing.INSECURE, "--key", self.keys.folder / "good.pub", "--rekor-url",
                               self.server.url, "--new-bundle-format=false", reference, check=False,
                               env={"SIGSTORE_REKOR_PUBLIC_KEY": str(self.log_key)})
        return done.returncode, self.questions()

    def test_what_the_log_has(self):
        reference, signed = self.signed("logged")
        self.server.keep(evidence.hashedrekord(signed))
        code, question = self.by_cosign(reference)
        self.assertEqual(code, 0)
        self.assertEqual(self.by_sigward(reference), (ALLOWED, question))
        self.assertEqual(len(question), 1)

    def test_what_the_log_does_not_have(self):
        reference, _ = self.signed("unlogged")
        code, question = self.by_cosign(reference)
        self.assertEqual(code, NONE_VALID)
        self.assertEqual(self.by_sigward(reference), (NONE_VALID, question))


if __name__ == "__main__":
    unittest.main()
