"""The schemas of docs/schemas are schemas, are closed, and fit what is written."""

import copy
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

SOURCE = Path(os.environ["SIGWARD_SOURCE_DIR"])
SIGWARD = Path(os.environ["SIGWARD_BIN_DIR"]) / "sigward"
DIGEST = "sha256:" + "0a" * 32

POLICY = {
    "format": "sigward.policy/v1",
    "noMatch": "deny",
    "transparencyUrl": "https://rekor.example",
    "floor": [DIGEST, "sha512:" + "0a" * 64],
    "deny": [DIGEST],
    "stopRunning": True,
    "policies": [
        {
            "name": "require-signed",
            "mode": "enforce",
            "acceptUnprovableRootfs": True,
            "refuseModifiedRootfs": True,
            "images": ["registry.example/**"],
            "authorities": [
                {
                    "name": "release",
                    "key": {"pem": "…", "hash": "sha256"},
                    "source": {"repository": "r.example:5000/team/sigs", "tagPrefix": "rel-"},
                },
                {
                    "name": "keyless",
                    "keyless": {
                        "trustRoot": "@public-good",
                        "identities": [
                            {"issuer": "https://i.example", "subjectRegExp": "^a$", "claims": {"buildTrigger": "push"},
                             "claimsRegExp": {"sourceRepositoryRef": "^refs/"}},
                            {"issuerRegExp": "^i$", "subject": "a"},
                        ],
                        "identityWildcards": "glob",
                        "insecureIgnoreSCT": True,
                    },
                    "log": {"use": "required", "trustRoot": "mine", "url": "https://rekor.example"},
                    "timestamp": {"trustRoot": "mine"},
                    "signatureFormat": "bundle",
                },
                {"name": "never", "static": {"action": "fail", "message": "no"}},
            ],
        }
    ],
}
REFUSED = {
    "id": "0123456789abcdef",
    "time": "2026-01-02T03:04:05.678Z",
    "origin": "pull",
    "image": "registry.example/app:v1",
    "digest": DIGEST,
    "decision": "deny",
    "reason": "no-signature",
    "message": "no-signature: …",
    "warnings": ["a warning"],
    "generation": 3,
    "policies": [
        {
            "name": "require-signed",
            "mode": "enforce",
            "decision": "deny",
            "reason": "no-signature",
            "detail": "no signature found",
            "authorities": [
                {
                    "name": "release",
                    "decision": "deny",
                    "reason": "no-signature",
                    "detail": "no signature found",
                    "source": {"repository": "r.example/sigs", "tagPrefix": "rel-"},
                }
            ],
        }
    ],
    "elapsedMs": 12.5,
}
ALLOWED = {
    "id": "0123456789abcdef",
    "time": "2026-01-02T03:04:05Z",
    "origin": "command-line",
    "image": "registry.example/app@" + DIGEST,
    "decision": "allow",
    "message": "allowed: …",
    "warnings": [],
    "generation": 1,
    "policies": [
        {
            "name": "p",
            "mode": "warn",
            "decision": "allow",
            "authorities": [{"name": "authority-0", "decision": "allow"}],
        }
    ],
    "elapsedMs": 0,
}
CREATE = {
    **REFUSED,
    "origin": "runtime",
    "container": {
        "namespace": "k8s.io",
        "id": "c0ffee",
        "name": "app",
        "podNamespace": "shop",
        "pod": "web-1",
    },
    "notes": ["rootfs-modified: files lay in the container before it ran"],
}
RUNNING = {
    **ALLOWED,
    "origin": "running",
    "container": {"namespace": "default", "id": "c0ffee"},
}
AUDIT = {"containers": [CREATE, RUNNING]}
STATUS = {
    "version": "0.1.0",
    "pid": 7,
    "policy": {
        "state": "active",
        "generation": 1,
        "policies": 2,
        "source": "file:///etc/sigward/policy.json",
        "error": "policy-invalid: …",
    },
    "remembered": {"signatures": 0},
    "evidence": {"images": 1, "bytes": 2},
    "containerd": {"listening": True},
    "preparation": {"waiting": 1, "prepared": 2},
    "nri": {
        "registered": False,
        "runtime": "containerd v2.1.9",
        "gaps": 1,
        "questions": 2,
        "error": "protocol: …",
    },
    "decisions": {"allow": 1, "deny": 2, "undetermined": 3},
}
DOCTOR = {
    "state": "fail-open",
    "findings": [
        {"id": "containerd-path", "severity": "fail-open", "text": "seen", "fix": "do"},
        {"id": "nri-off", "severity": "note", "text": "seen", "fix": "do"},
    ],
}
SAMPLES = {
    "policy": [POLICY],
    "decision": [REFUSED, ALLOWED, CREATE, RUNNING],
    "audit": [AUDIT, {"containers": []}],
    "status": [STATUS],
    "doctor": [DOCTOR],
}
OF_A_DECISION = {"digest", "detail", "container", "notes", "source"}
OPTIONAL = {
    "policy": {
        "transparencyUrl",
        "hash",
        "message",
        "floor",
        "deny",
        "stopRunning",
        "acceptUnprovableRootfs",
        "refuseModifiedRootfs",
        "source",
        "identityWildcards",
        "claims",
        "claimsRegExp",
        "insecureIgnoreSCT",
        "url",
        "timestamp",
        "signatureFormat",
    },
    "decision": OF_A_DECISION,
    "audit": OF_A_DECISION,
    "status": {"error", "runtime"},
    "doctor": set(),
}


def schema(name):
    return json.loads((SOURCE / f"docs/schemas/{name}.schema.json").read_text(encoding="utf-8"))


def validator(name):
    place = (SOURCE / f"docs/schemas/{name}.schema.json").as_uri()
    resolver = jsonschema.RefResolver(base_uri=place, referrer=schema(name))
    return jsonschema.Draft202012Validator(schema(name), resolver=resolver)


def is_optional(name, path, field):
    """Whether FIELD of the object at PATH may be missing."""
    if path and path[-1] == "container":
        return field in {"name", "podNamespace", "pod"}
    if path and path[-1] == "source":
        return True
    return field in OPTIONAL[name]


def objects(value, path=()):
    """The paths of all objects in VALUE, its own first."""
    if isinstance(value, dict):
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        if isinstance(child, (dict, list)):
            yield from objects(child, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


class SchemasTest(unittest.TestCase):
    def test_every_schema_is_a_schema(self):
        files = sorted((SOURCE / "docs/schemas").glob("*.schema.json"))
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text()))

    def test_samples_fit(self):
        for name, samples in SAMPLES.items():
            for sample in samples:
                validator(name).validate(sample)

    def test_no_object_takes_an_unknown_field(self):
        for name, samples in SAMPLES.items():
            for sample in samples:
                for path in objects(sample):
                    broken = copy.deepcopy(sample)
                    at(broken, path)["unknown"] = 1
                    self.assertFalse(validator(name).is_valid(broken), f"{name} {path}")

    def test_every_field_but_the_optional_ones_is_required(self):
        for name, samples in SAMPLES.items():
            for sample in samples:
                for path in objects(sample):
                    for field in at(sample, path):
                        broken = copy.deepcopy(sample)
                        del at(broken, path)[field]
                        self.assertEqual(
                            validator(name).is_valid(broken),
                            is_optional(name, path, field),
                            f"{name} {path} {field}",
                        )

    def test_no_field_takes_a_value_of_another_type(self):
        for name, samples in SAMPLES.items():
            for sample in samples:
                for path in objects(sample):
                    for field in at(sample, path):
                        broken = copy.deepcopy(sample)
                        at(broken, path)[field] = None
                        self.assertFalse(validator(name).is_valid(broken), f"{name} {path} {field}")

    def test_a_reason_stands_exactly_where_something_was_not_allowed(self):
        self.assertFalse(validator("decision").is_valid({**ALLOWED, "reason": "timeout"}))
        self.assertFalse(validator("decision").is_valid({**ALLOWED, "decision": "undetermined"}))

    def test_an_audit_holds_whole_decisions(self):
        for broken in ({**REFUSED, "decision": "allow"}, {**ALLOWED, "generation": "1"}, {}):
            self.assertFalse(validator("audit").is_valid({"containers": [broken]}))

    def test_what_is_left_out_of_a_record_is_counted(self):
        many = copy.deepcopy(REFUSED)
        many["policiesLeftOut"] = 1
        many["policies"][0]["authoritiesLeftOut"] = 1
        validator("decision").validate(many)
        for wrong in (0, "1"):
            self.assertFalse(validator("decision").is_valid({**many, "policiesLeftOut": wrong}))
            many["policies"][0]["authoritiesLeftOut"] = wrong
            self.assertFalse(validator("decision").is_valid(many))
            many["policies"][0]["authoritiesLeftOut"] = 1

    def test_an_authority_has_exactly_one_of_key_and_static(self):
        both = copy.deepcopy(POLICY)
        both["policies"][0]["authorities"][0]["static"] = {"action": "pass"}
        self.assertFalse(validator("policy").is_valid(both))

    def test_what_is_demanded_is_of_a_signature(self):
        for demand in ({"log": {"use": "ignored"}}, {"timestamp": {"trustRoot": "mine"}},
                       {"signatureFormat": "bundle"}):
            document = copy.deepcopy(POLICY)
            key, keyless, static = document["policies"][0]["authorities"]
            key.update(demand)
            keyless.update(demand)
            self.assertTrue(validator("policy").is_valid(document))
            static.update(demand)
            self.assertFalse(validator("policy").is_valid(document), demand)

    def test_an_ignored_log_has_no_trust_root(self):
        document = copy.deepcopy(POLICY)
        document["policies"][0]["authorities"][1]["log"]["use"] = "ignored"
        self.assertFalse(validator("policy").is_valid(document))

    def test_an_identity_says_each_text_once(self):
        for extra in ("issuerRegExp", "subject"):
            document = copy.deepcopy(POLICY)
            document["policies"][0]["authorities"][1]["keyless"]["identities"][0][extra] = "x"
            self.assertFalse(validator("policy").is_valid(document), extra)

    def test_trust_roots_are_objects_with_names(self):
        for name, root, fits in (("@public-good", {}, True), ("mine", {}, True), ("A", {}, False),
                                 ("@@x", {}, False), ("", {}, False), ("mine", "x", False)):
            document = {**POLICY, "trustRoots": {name: root}}
            self.assertEqual(validator("policy").is_valid(document), fits, name)

    def test_a_source_is_of_a_key_and_normalised(self):
        document = copy.deepcopy(POLICY)
        key, _, static = document["policies"][0]["authorities"]
        for wrong in ({}, {"repository": "sigs"}, {"repository": "R.example/sigs"}, {"tagPrefix": ""},
                      {"tagPrefix": "-a"}, {"oci": "r.example/sigs"}, "r.example/sigs"):
            key["source"] = wrong
            self.assertFalse(validator("policy").is_valid(document), wrong)
        key["source"] = {"tagPrefix": "rel-"}
        self.assertTrue(validator("policy").is_valid(document))
        static["source"] = {"tagPrefix": "rel-"}
        self.assertFalse(validator("policy").is_valid(document))

    def test_claims_are_those_of_the_code(self):
        code = (SOURCE / "verifier/certificate/fulcio_claims.cc").read_text(encoding="utf-8")
        names = re.findall(r'\{\d+, "(\w+)", (?:true|false)\}', code)
        self.assertGreater(len(names), 20)
        self.assertEqual(sorted(schema("policy")["$defs"]["claims"]["propertyNames"]["enum"]), sorted(names))
        told = (SOURCE / "docs/policies.md").read_text(encoding="utf-8")
        for name in names:
            self.assertRegex(told, rf"\b{name}\b")

    def test_bounds_are_those_of_the_code(self):
        constants = {}
        for header in (
            "policy/snapshot.h",
            "policy/signature_source.h",
            "policy/wildcards.h",
            "policy/identity_match.h",
            "policy/keyless_rule.h",
            "verifier/public_key.h",
        ):
            text = (SOURCE / header).read_text(encoding="utf-8").replace("'", "")
            constants.update(re.findall(r"(kMax\w+) = (\d+);", text))
        policies = schema("policy")["properties"]["policies"]
        policy = schema("policy")["$defs"]["policy"]["properties"]
        authority = schema("policy")["$defs"]["authority"]["properties"]
        digests = schema("policy")["$defs"]["digests"]
        self.assertEqual(digests["maxItems"], int(constants["kMaxListedDigests"]))
        self.assertEqual(policies["maxItems"], int(constants["kMaxPolicies"]))
        self.assertEqual(policy["name"]["maxLength"], int(constants["kMaxNameLength"]))
        self.assertEqual(policy["images"]["maxItems"], int(constants["kMaxGlobsPerPolicy"]))
        self.assertIn("{1,%s}" % constants["kMaxWildcardLength"], policy["images"]["items"]["pattern"])
        self.assertEqual(
            policy["authorities"]["maxItems"], int(constants["kMaxAuthoritiesPerPolicy"])
        )
        self.assertEqual(authority["name"]["maxLength"], int(constants["kMaxNameLength"]))
        identity = schema("policy")["$defs"]["identity"]["properties"]
        texts = [text for text in identity.values() if "$ref" not in text]
        self.assertEqual(len(texts), 4)
        for text in [*texts, schema("policy")["$defs"]["claims"]["additionalProperties"]]:
            self.assertEqual(text["maxLength"], int(constants["kMaxIdentityText"]))
        self.assertEqual(
            authority["keyless"]["properties"]["identities"]["maxItems"],
            int(constants["kMaxIdentities"]),
        )
        roots = schema("policy")["properties"]["trustRoots"]
        self.assertEqual(roots["maxProperties"], int(constants["kMaxTrustRoots"]))
        self.assertEqual(
            authority["key"]["properties"]["pem"]["maxLength"], int(constants["kMaxPublicKeyPem"])
        )
        self.assertEqual(
            authority["static"]["properties"]["message"]["maxLength"],
            int(constants["kMaxMessageLength"]),
        )
        record = schema("decision")["$defs"]["authority"]["properties"]
        for source in (authority["source"], record["source"]):
            self.assertEqual(
                source["properties"]["tagPrefix"]["maxLength"], int(constants["kMaxTagPrefix"])
            )
        self.assertEqual(
            schema("policy")["properties"]["transparencyUrl"]["maxLength"],
            int(constants["kMaxUrlLength"]),
        )

    def test_what_the_program_compiles_fits(self):
        key = subprocess.run(
            ["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True
        ).stdout
        public = subprocess.run(
            ["openssl", "pkey", "-pubout"], input=key, check=True, capture_output=True, text=False
        ).stdout.decode()
        documents = [
            {
                "apiVersion": "policy.sigstore.dev/v1beta1",
                "kind": "ClusterImagePolicy",
                "metadata": {
                    "name": "p",
                    "annotations": {
                        "sigward.dev/accept-unprovable-rootfs": "true",
                        "sigward.dev/refuse-modified-rootfs": "true",
                    },
                },
                "spec": {
                    "mode": "warn",
                    "images": [{"glob": "registry.example/**"}, {"glob": "*"}],
                    "authorities": [
                        {"key": {"data": public, "hashAlgorithm": "SHA512"}},
                        {
                            "key": {"data": public},
                            "source": [{"oci": "[::1]:5000/sigs", "tagPrefix": "rel-"}],
                        },
                        {"key": {"data": public}, "source": [{"oci": "sigs"}]},
                        {"static": {"action": "fail", "message": "no"}},
                        {"name": "open", "static": {"action": "pass"}},
                    ],
                },
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "config-policy-controller"},
                "data": {"no-match-policy": "allow", "transparency-url": "https://rekor.example"},
            },
            {
                "apiVersion": "policy.sigward.dev/v1alpha1",
                "kind": "NodePolicy",
                "metadata": {"name": "node"},
                "spec": {"floor": [DIGEST], "deny": [DIGEST], "stopRunning": True},
            },
        ]
        with tempfile.TemporaryDirectory() as folder:
            for number, document in enumerate(documents):
                Path(folder, f"{number}.json").write_text(json.dumps(document, indent=1))
            output = subprocess.run(
                [SIGWARD, "policy", "compile", folder, "--output", "-"],
                check=True,
                capture_output=True,
            ).stdout
        compiled = json.loads(output)
        validator("policy").validate(compiled)
        self.assertEqual(len(compiled["policies"][0]["authorities"]), 5)
        self.assertEqual(compiled["floor"], [DIGEST])


if __name__ == "__main__":
    unittest.main()
