"""Images signed by certificate, in both formats, at both gates: who was named starts, and nobody else does."""
import unittest

from bed import images
from bed.case import BedCase
from bed.peers import peer
from bed.policies import key, keyless, policy, trust_root
from bed.private_sigstore import certificates, keys
from bed.private_sigstore.certificates import IDENTITY, ISSUER, MINUTE, SIGNED
from bed.private_sigstore.publish import FORMS, publish
from bed.private_sigstore.recipe import Recipe, logged_v2, nothing, stamped
from bed.private_sigstore.sigstore import Sigstore
from bed.process import run
from e2e.test_create import CreateCase

STOPPED = "OCI runtime create failed: "


def by(**changed):
    """A signer's certificate that says something else."""
    return Recipe(lambda sigstore: sigstore.signer(sigstore.plan(**changed)))


def of(*names):
    return Recipe(lambda sigstore: sigstore.signer(sigstore.plan(*names)))


# What is signed wrong, and the reason.
BAD = {
    "another-identity": (of(certificates.uri(IDENTITY.replace("release", "build"))), "identity-mismatch"),
    "another-issuer": (by(issuer="https://accounts.example", issuer_v2="https://accounts.example"),
                       "identity-mismatch"),
    "expired": (by(end=SIGNED - MINUTE / 2), "expired-certificate"),
    "untrusted": (Recipe(lambda sigstore: sigstore.signer(authority=certificates.Authority())),
                  "untrusted-certificate"),
    "no-sct": (by(promised=None), "sct-invalid"),
    "not-logged": (Recipe(entries=nothing), "not-logged"),
    "another-key": (Recipe(key=keys.p256()), "bad-signature"),
}


class KeylessCase(BedCase):
    NEEDS = ("plain", "containerd")

    @classmethod
    def setUpClass(cls):
        cls.sigstore = Sigstore()
        super().setUpClass()

    @classmethod
    def policies(cls):
        return [policy("released", "**", keyless(ISSUER, IDENTITY, "private")),
                trust_root("private", cls.sigstore.trusted_root())]

    def push(self, name):
        """Pushes an image that runs; returns (repository, reference, image)."""
        image = images.build(f"{self.id()} {name}", runs=True)
        return name, self.plain.push(name, "v1", image), image

    def signed(self, name, form, recipe):
        """The reference of an image that is signed by RECIPE."""
        repository, reference, image = self.push(f"{name}-{form}")
        publish(self.plain, repository, image, self.sigstore, recipe, form)
        return reference

    def assert_each_bad_one(self, assert_refused):
        for name, (recipe, reason) in BAD.items():
            for form in FORMS:
                with self.subTest(name, form=form):
                    assert_refused(self.signed(name, form, recipe), f"{reason}: ")


class AtPull(KeylessCase):
    def test_the_named_signers_image_is_pulled(self):
        for form in FORMS:
            with self.subTest(form):
                reference = self.signed("good", form, Recipe())
                self.assert_allowed(self.containerd.pull(reference))
                self.assertTrue(self.containerd.holds(reference))

    def test_signatures_by_the_newer_log(self):
        reference = self.signed("newer", "bundle", Recipe(entries=logged_v2, stamps=stamped))
        self.assert_allowed(self.containerd.pull(reference))

    def test_others_are_refused(self):
        def assert_refused(reference, line):
            self.assert_refused(self.containerd.pull(reference), line)
            self.assertFalse(self.containerd.holds(reference))
        self.assert_each_bad_one(assert_refused)

    def test_unsigned_and_signed_by_a_key(self):
        _, reference, _ = self.push("unsigned")
        self.assert_refused(self.containerd.pull(reference), "no-signature: ")
        for sign in (self.cosign.sign_legacy, self.cosign.sign_bundle):
            with self.subTest(sign.__name__):
                name, reference, image = self.push(sign.__name__.replace("_", "-"))
                sign(f"{self.plain.host}/{name}@{image.top}", "good")
                self.assert_refused(self.containerd.pull(reference), "bad-signature: ")

    def test_a_bad_signature_beside_hides_no_good_one(self):
        for form in FORMS:
            with self.subTest(form):
                name, reference, image = self.push(f"beside-{form}")
                publish(self.plain, name, image, self.sigstore, BAD["untrusted"][0],
                        next(other for other in FORMS if other != form))
                publish(self.plain, name, image, self.sigstore, Recipe(), form)
                self.assert_allowed(self.containerd.pull(reference))

    def test_the_record_says_who_signed(self):
        for form in FORMS:
            with self.subTest(form):
                code, record = self.sigward.verify(self.signed("record", form, Recipe()))
                self.assertEqual(code, 0, record)
                [authority] = record["policies"][0]["authorities"]
                self.assertEqual(authority["signer"], {"issuer": ISSUER, "subject": IDENTITY})


class AtCreate(KeylessCase):
    """Images that came past the pull gate."""
    LAYOUTS = ("carried",)

    def carry(self, reference):
        """Brings what is signed onto this node, in a layout: a create asks no registry."""
        run(peer("oras"), "backup", "--plain-http", "--include-referrers", "--output", self.layouts / "carried",
            reference.rsplit(":", 1)[0], env={"HOME": str(self.place)})

    def start(self, reference):
        self.containerd.pull_locally(reference)
        return self.containerd.run(reference, "keyless", "--rm")

    def assert_stopped(self, reference, line):
        done = self.start(reference)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout + done.stderr, f"{STOPPED}{line}")

    def assert_starts(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.sigward.log()[-3000:])

    def test_the_named_signers_image_starts(self):
        for form in FORMS:
            with self.subTest(form):
                self.assert_starts(self.start(self.signed("good", form, Recipe())))

    def test_signatures_that_were_carried_here(self):
        for form in FORMS:
            with self.subTest(form):
                reference = self.signed("carried", form, Recipe())
                self.carry(reference)
                self.containerd.pull_locally(reference)
                self.plain.stop()
                try:
                    self.assert_starts(self.containerd.run(reference, "carried", "--rm"))
                finally:
                    self.plain.start()

    def test_others_are_stopped(self):
        def assert_stopped(reference, line):
            self.carry(reference)
            self.assert_stopped(reference, line)
        self.assert_each_bad_one(assert_stopped)

    def test_unsigned_is_stopped(self):
        _, reference, _ = self.push("unsigned")
        self.assert_stopped(reference, "no-signature: ")


class InAPodsAnnotations(CreateCase):
    """The certificate and the log's entry beside the signature: nothing lies in the registry."""

    @classmethod
    def setUpClass(cls):
        cls.sigstore = Sigstore()
        super().setUpClass()

    @classmethod
    def policies(cls):
        return [policy("released", f"{cls.plain.host}/annotated-**", keyless(ISSUER, IDENTITY, "private")),
                policy("pause", f"{cls.plain.host}/pause**", key(cls.keys.public("good"))),
                trust_root("private", cls.sigstore.trusted_root())]

    def pod(self, reference, recipe, *left_out):
        payload = self.cosign.run("generate", "--allow-http-registry", reference).stdout.encode()
        beside = {name.rsplit("/", 1)[1]: text for name, text in recipe.annotations(self.sigstore, payload).items()}
        return self.new_pod(**{f"cosign.sigstore.dev/{name}": text for name, text in beside.items()
                               if name not in left_out})

    def unsigned(self, name):
        return self.pulled(f"annotated-{name}", "k8s.io")

    def test_the_named_signers_image_starts(self):
        reference = self.unsigned("good")
        self.assert_pod_starts(self.pod(reference, Recipe()).start(reference))

    def test_others_are_refused(self):
        for name, (recipe, _) in BAD.items():
            with self.subTest(name):
                reference = self.unsigned(name)
                self.assert_pod_refuses(self.pod(reference, recipe).start(reference), r"[a-z-]+: ")

    def test_half_of_it_is_not_enough(self):
        for left_out in ("signature", "certificate", "bundle"):
            with self.subTest(left_out):
                reference = self.unsigned(f"without-{left_out}")
                self.assert_pod_refuses(self.pod(reference, Recipe(), left_out).start(reference), r"[a-z-]+: ")


if __name__ == "__main__":
    unittest.main()
