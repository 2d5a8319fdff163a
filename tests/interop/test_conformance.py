"""`sigward verify-bundle` against sigstore-conformance's bundles, each by path and by digest."""
import hashlib
import subprocess
import unittest

from bed.conformance import IDENTITY, ISSUER, VECTORS, arguments, artifact, names
from bed.peers import program

GOOD, BAD = 13, 31
VERIFIED, REFUSED, UNREADABLE = 0, 1, 2


def verify(argv, what):
    done = subprocess.run([str(word) for word in [program("sigward"), *argv, what]], capture_output=True, text=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Conformance(unittest.TestCase):
    def assert_all(self, wanted, count, codes):
        cases = [name for name in names() if name.endswith("_fail") != wanted]
        self.assertEqual(len(cases), count)
        for name in cases:
            file = artifact(name)
            digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
            for what in (file, digest):
                with self.subTest(name, artifact=what):
                    code, said = verify(arguments(name), what)
                    self.assertIn(code, codes, said)

    def test_good_ones_verify(self):
        self.assert_all(True, GOOD, [VERIFIED])

    def test_bad_ones_do_not(self):
        # One of them has a key that is none.
        self.assert_all(False, BAD, [REFUSED, UNREADABLE])

    def test_each_identity_is_compared(self):
        """No case there has another identity than its certificate's."""
        argv = arguments("happy-path-v0.3")
        self.assertEqual(verify(argv, VECTORS / "a.txt")[0], VERIFIED)
        for place, other in ((4, IDENTITY[:-1]), (4, IDENTITY + "x"), (4, IDENTITY.upper()), (4, ""), (6, ISSUER + "/"),
                             (6, ISSUER[:-1]), (6, "")):
            changed = list(argv)
            changed[place] = other
            with self.subTest(place=place, other=other):
                code, said = verify(changed, VECTORS / "a.txt")
                self.assertEqual(code, REFUSED, said)
                self.assertIn("identity-mismatch", said)

    def test_another_artifact_is_refused(self):
        for name in names():
            if name.endswith("_fail"):
                continue
            with self.subTest(name):
                code, said = verify(arguments(name), "sha256:" + "0" * 64)
                self.assertEqual(code, REFUSED, said)

    def test_wrong_usage_is_told_apart(self):
        argv = arguments("happy-path-v0.3")
        for wrong in (argv[:3], argv[:5], argv[:3] + ["--key", "/nowhere"], argv + ["--trusted-root", "/nowhere"],
                      ["verify-bundle", "--staging", *argv[1:]], argv + ["--key", argv[2]]):
            self.assertEqual(verify(wrong, VECTORS / "a.txt")[0], UNREADABLE, wrong)
        for what in ("sha256:00", "sha256:" + "A" * 64, "/nowhere", "/"):
            self.assertEqual(verify(argv, what)[0], UNREADABLE, what)


if __name__ == "__main__":
    unittest.main()
