"""What `sigward verify` and `sigward status` say: exit codes, JSON by its schema, text for people."""
import json
import unittest

import jsonschema

from bed.peers import SOURCE
from bed.policies import key, policy, static

from .case import ALLOWED, COULD_NOT_TELL, NO_SIGNATURE, NONE_VALID, REFUSED, InteropCase


def check(name, document):
    schema = json.loads((SOURCE / f"docs/schemas/{name}.schema.json").read_text())
    jsonschema.validate(document, schema)


class CommandLine(InteropCase):
    @classmethod
    def policies(cls):
        host = cls.plain.host
        good = key(cls.keys.public("good"))
        return [policy("require-signed", f"{host}/app/**", good),
                policy("unreachable", "127.0.0.1:1/**", good),
                policy("frozen", f"{host}/frozen/**", static("fail", "frozen"))]

    def test_exit_codes(self):
        signed, _ = self.push("app/signed")
        self.cosign.sign_legacy(signed, "good")
        foreign, _ = self.push("app/foreign")
        self.cosign.sign_legacy(foreign, "other")
        cases = [(signed, ALLOWED, None),
                 (self.push("app/unsigned")[0], NO_SIGNATURE, "no-signature"),
                 (foreign, NONE_VALID, "bad-signature"),
                 (self.push("frozen/app")[0], REFUSED, "static-fail"),
                 (self.push("elsewhere/app")[0], REFUSED, "no-matching-policy"),
                 ("127.0.0.1:1/app@sha256:" + "0" * 64, COULD_NOT_TELL, "registry-unreachable")]
        for reference, code, reason in cases:
            with self.subTest(reference):
                self.assert_verdict(reference, code, reason)
                check("decision", self.sigward.verify(reference)[1])

    def test_tag_is_resolved(self):
        reference, digest = self.push("app/tagged")
        self.cosign.sign_bundle(reference, "good")
        code, record = self.sigward.verify(f"{self.plain.host}/app/tagged:v1")
        self.assertEqual((code, record["digest"]), (ALLOWED, digest))

    def test_tag_that_is_not_there(self):
        self.push("app/untagged")
        self.assert_verdict(f"{self.plain.host}/app/untagged:v2", COULD_NOT_TELL, "registry-not-found")

    def test_text_for_people_goes_to_stderr(self):
        reference, _ = self.push("app/spoken")
        done = self.sigward.cli("verify", reference, check=False)
        self.assertIn(f"no-signature: no signature found for {reference} (policy require-signed)", done.stderr)
        json.loads(done.stdout)

    def test_gate_that_is_not_there(self):
        done = self.sigward.cli("verify", "app", check=False, gate=self.place / "sigward/run/nobody.sock")
        self.assertEqual(done.returncode, COULD_NOT_TELL)
        self.assertIn("gate-unreachable", done.stderr)

    def test_status(self):
        status = self.sigward.status()
        check("status", status)
        self.assertEqual((status["policy"]["state"], status["policy"]["policies"]), ("active", 3))


if __name__ == "__main__":
    unittest.main()
