"""TrustRoots in repositories that python-tuf made, judged by `sigward policy compile` and by python-tuf's client."""
import base64
import datetime
import io
import json
import pathlib
import subprocess
import tarfile
import tempfile
import unittest

from bed.peers import SOURCE, program
from bed.tuf_repository import TARGET, Repository, client_accepts

TRUSTED_ROOT = (SOURCE / "policy/sigstore/trusted_root.json").read_bytes()


def packed(files, folder="repository/"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(folder + name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def text(data):
    return base64.b64encode(data).decode()


class Tuf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        self.count = 0

    def compile(self, spec, *options):
        """Compiles a policy that names the TrustRoot; returns the compiled policy or None, and what was said."""
        documents = [
            {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"},
             "spec": {"images": [{"glob": "**"}], "authorities": [{
                 "keyless": {"trustRootRef": "mine", "identities": [{"issuer": "https://i.example", "subject": "s"}]},
                 "ctlog": {"url": "https://log.example", "trustRootRef": "mine"}}]}},
            {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": "mine"}, "spec": spec}]
        source = self.place / "policy.yaml"
        source.write_text("\n---\n".join(json.dumps(d) for d in documents))
        done = subprocess.run([program("sigward"), "policy", "compile", source, "--output", "-", *options],
                              capture_output=True, text=True)
        return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr

    def both(self, root, files):
        """Whether sigward takes the repository from the resource; it agrees with itself on a folder, and with python-tuf."""
        self.count += 1
        mirror = self.place / f"mirror{self.count}"
        for name, data in files.items():
            (mirror / name).parent.mkdir(parents=True, exist_ok=True)
            (mirror / name).write_bytes(data)
        compiled, said = self.compile({"repository": {"root": text(root), "mirrorFS": text(packed(files))}})
        remote, remote_said = self.compile({"remote": {"root": text(root), "mirror": "https://tuf.example"}},
                                           "--trust-root-mirror", f"mine={mirror}")
        self.assertEqual(compiled, remote, said + remote_said)
        self.assertEqual(compiled is not None, client_accepts(self.place / f"client{self.count}", root, files), said)
        self.said = said
        return compiled is not None

    def test_good_repositories(self):
        for options in ({}, {"consistent": False}, {"lengths": False}, {"delegate": True},
                        {"delegate": True, "consistent": False}):
            with self.subTest(options):
                repository = Repository(TRUSTED_ROOT, **options)
                first = repository.files["1.root.json"]
                for _ in range(3):
                    repository.rotate_root()
                self.assertTrue(self.both(first, repository.publish()), self.said)

    def test_one_trust_root_has_one_copy(self):
        files = Repository(TRUSTED_ROOT).publish()
        compiled, said = self.compile({"remote": {"root": text(files["1.root.json"]), "mirror": "https://tuf.example"}},
                                      "--trust-root-mirror", "mine=/a", "--trust-root-mirror", "mine=/b")
        self.assertIsNone(compiled)
        self.assertIn("--trust-root-mirror is given twice for mine", said)

    def test_the_trusted_root_is_compiled(self):
        repository = Repository(TRUSTED_ROOT)
        files = repository.publish()
        spec = {"repository": {"root": text(files["1.root.json"]), "mirrorFS": text(packed(files, ""))}}
        compiled, said = self.compile(spec)
        self.assertIn(f"is valid until {repository.expires:%Y-%m-%dT%H:%M:%SZ}", said)
        direct, _ = self.compile({"trustedRootJSON": TRUSTED_ROOT.decode()})
        self.assertEqual(compiled, direct)

    def test_unsigned_bytes_are_not_taken(self):
        repository = Repository(TRUSTED_ROOT)
        first = repository.files["1.root.json"]
        repository.rotate_root()
        good = repository.publish()
        for name in good:
            if name == "1.root.json":
                continue
            with self.subTest(name):
                files = dict(good)
                files[name] = files[name].replace(b'"', b'" ', 1) if name.startswith("targets/") else \
                    files[name].replace(b'"expires": "2', b'"expires": "3', 1).replace(b'"expires":"2', b'"expires":"3', 1)
                self.assertNotEqual(files[name], good[name])
                # Of the target's copies sigward asks for the one by SHA-256, python-tuf for the first.
                if name.startswith("targets/") and len(name.split("/")[-1].split(".")[0]) != 64:
                    continue
                self.assertFalse(self.both(first, files))

    def test_roots_need_both_thresholds(self):
        repository = Repository(TRUSTED_ROOT)
        first = repository.files["1.root.json"]
        old = repository.signers["root"]
        repository.rotate_root(signers=[old[1], old[2]])
        self.assertTrue(self.both(first, repository.publish()), self.said)
        repository.rotate_root(signers=repository.signers["root"][:1])
        self.assertFalse(self.both(first, repository.publish()))
        self.assertIn("3.root.json", self.said)

    def test_a_root_by_new_keys_alone(self):
        repository = Repository(TRUSTED_ROOT)
        first = repository.files["1.root.json"]
        stranger = Repository(TRUSTED_ROOT)
        stranger.root.version = 2
        stranger.publish_root()
        files = {**stranger.publish(), "1.root.json": first}
        self.assertFalse(self.both(first, files))
        self.assertIn("by the root before it", self.said)

    def test_targets_need_their_threshold(self):
        repository = Repository(TRUSTED_ROOT)
        first = repository.files["1.root.json"]
        files = repository.publish(targets_signers=repository.signers["targets"][:1])
        self.assertFalse(self.both(first, files))

    def test_files_that_are_missing(self):
        repository = Repository(TRUSTED_ROOT, delegate=True)
        first = repository.files["1.root.json"]
        good = repository.publish()
        for name in ("timestamp.json", "1.snapshot.json", "1.targets.json", "1.team.json"):
            with self.subTest(name):
                self.assertFalse(self.both(first, {k: v for k, v in good.items() if k != name}))

    def test_expired(self):
        past = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(days=1)
        for role in ("root", "timestamp", "snapshot", "targets", "team"):
            with self.subTest(role):
                repository = Repository(TRUSTED_ROOT, delegate=True)
                getattr(repository, role).expires = past
                repository.publish_root()
                first = repository.files["1.root.json"]
                files = repository.publish()
                self.assertFalse(self.both(first, files))
                self.assertIn(f"{role}.json expired at", self.said)
                spec = {"repository": {"root": text(first), "mirrorFS": text(packed(files))}}
                compiled, said = self.compile(spec, "--accept-expired-trust-root", "mine")
                self.assertIsNotNone(compiled, said)
                self.assertIn("is accepted by --accept-expired-trust-root", said)

    def test_a_delegation_for_other_paths(self):
        repository = Repository(TRUSTED_ROOT, delegate=True)
        repository.targets.delegations.roles["team"].paths = ["other*", "*/trusted_root.json"]
        first = repository.files["1.root.json"]
        self.assertFalse(self.both(first, repository.publish()))
        self.assertIn(f"lists no target {TARGET}", self.said)


if __name__ == "__main__":
    unittest.main()
