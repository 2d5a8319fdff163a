"""What policies say about a pull, and how a running daemon takes new ones."""
import unittest

from bed import images
from bed.case import BedCase
from bed.policies import key, no_match, policy, static


class Policies(BedCase):
    NEEDS = ("plain", "containerd")

    def push(self, name, signer=None):
        image = images.build(f"{self.id()} {name}")
        reference = self.plain.push(name, "v1", image)
        if signer:
            self.cosign.sign_legacy(f"{self.plain.host}/{name}@{image.top}", signer)
        return reference

    def glob(self, pattern):
        return f"{self.plain.host}/{pattern}"

    def require(self, *names, **more):
        return policy("require-signed", self.glob("**"),
                      *(key(self.keys.public(n), name=n) for n in names), **more)

    def test_mode_warn_allows_and_says_why_it_would_not(self):
        self.sigward.use(self.require("good", mode="warn"))
        self.assert_allowed(self.containerd.pull(self.push("warned")))
        decision = self.sigward.decisions()[-1]
        self.assertEqual(decision["decision"], "allow")
        self.assertRegex(" ".join(decision["warnings"]), "no-signature: .*require-signed.*warn")

    def test_no_policy_matches(self):
        elsewhere = policy("elsewhere", "registry.example/**", key(self.keys.public("good")))
        reference = self.push("unmatched")
        for word in (None, "deny", "refuse-or-so"):
            with self.subTest(word):
                self.sigward.use(elsewhere, *([no_match(word)] if word else []))
                self.assert_refused(self.containerd.pull(reference),
                                    "no-matching-policy: no policy matches .*/unmatched@sha256:")
        for word in ("warn", "allow"):
            with self.subTest(word):
                self.sigward.use(elsewhere, no_match(word))
                self.assert_allowed(self.containerd.pull(reference))

    def test_static_pass(self):
        self.sigward.use(policy("free", self.glob("free/**"), static("pass")))
        self.assert_allowed(self.containerd.pull(self.push("free/app")))

    def test_static_fail_shows_its_message(self):
        self.sigward.use(policy("frozen", self.glob("**"), static("fail", "frozen until Monday")))
        self.assert_refused(self.containerd.pull(self.push("frozen", "good")),
                            r"static-fail: frozen until Monday: .* \(policy frozen\)")

    def test_every_matching_policy_must_be_satisfied(self):
        self.sigward.use(
            policy("by-good", self.glob("**"), key(self.keys.public("good"))),
            policy("by-other", self.glob("both/**"), key(self.keys.public("other"))))
        self.assert_allowed(self.containerd.pull(self.push("one", "good")))
        self.assert_refused(self.containerd.pull(self.push("both/one", "good")),
                            r"bad-signature: .*\(policy by-other\)")
        both = self.push("both/two", "good")
        self.cosign.sign_bundle(both, "other")
        self.assert_allowed(self.containerd.pull(both))

    def test_one_authority_satisfies_a_policy(self):
        self.sigward.use(self.require("other", "good"))
        self.assert_allowed(self.containerd.pull(self.push("either", "good")))

    def test_reload_changes_the_answer(self):
        self.sigward.use(self.require("good"))
        reference = self.push("reloaded", "other")
        self.assert_refused(self.containerd.pull(reference), "bad-signature: ")
        before = self.sigward.status()["policy"]["generation"]
        self.sigward.use(self.require("other"))
        self.assertGreater(self.sigward.status()["policy"]["generation"], before)
        self.assert_allowed(self.containerd.pull(reference))
        self.sigward.use(self.require("good"))
        self.assert_refused(self.containerd.pull(reference), "bad-signature: ")

    def test_broken_reload_keeps_the_last_good_policy(self):
        self.sigward.use(self.require("good"))
        signed, unsigned = self.push("kept", "good"), self.push("kept-unsigned")
        good = self.sigward.policy_file.read_bytes()
        generation = self.sigward.status()["policy"]["generation"]
        for name, bad in (("cut", good[: len(good) // 2]), ("empty", b""), ("{}", b"{}"),
                          ("unknown field", b'{"surprise":1,' + good[1:])):
            with self.subTest(name):
                self.sigward.policy_file.write_bytes(bad)
                self.sigward.reload()
                self.assertEqual(self.sigward.status()["policy"]["generation"], generation)
                self.assertIn("policy-invalid", self.sigward.status()["policy"]["error"])
                self.assert_allowed(self.containerd.pull(signed))
                self.assert_refused(self.containerd.pull(unsigned), "no-signature: ")
        self.sigward.policy_file.write_bytes(good)
        self.sigward.reload()
        self.assertNotIn("error", self.sigward.status()["policy"])

    def test_policy_that_others_may_write_is_not_taken(self):
        self.sigward.use(self.require("good"))
        generation = self.sigward.status()["policy"]["generation"]
        self.sigward.compile(policy("open", "**", static("pass")))
        self.addCleanup(self.sigward.policy_file.chmod, 0o644)
        self.sigward.policy_file.chmod(0o666)
        self.sigward.reload()
        self.assertEqual(self.sigward.status()["policy"]["generation"], generation)
        self.assert_refused(self.containerd.pull(self.push("open")), "no-signature: ")

    def test_policy_that_does_not_compile_leaves_the_file_alone(self):
        self.sigward.use(self.require("good"))
        before = self.sigward.policy_file.read_bytes()
        with self.assertRaisesRegex(RuntimeError, "surprise"):
            self.sigward.compile({**self.require("good"), "surprise": 1})
        self.assertEqual(self.sigward.policy_file.read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
