"""Signatures that do not carry their log entry along: looked up where the policy says, at a pull and never later."""
import time
import types
import unittest

from bed import images, signing
from bed.case import BedCase
from bed.policies import key, keyless, policy, transparency_url, trust_root
from bed.private_sigstore import evidence, keys, log_server
from bed.private_sigstore.certificates import IDENTITY, ISSUER
from bed.private_sigstore.log_server import LogServer
from bed.private_sigstore.publish import publish
from bed.private_sigstore.recipe import Recipe, logged, nothing
from bed.private_sigstore.sigstore import Sigstore

# A pull's whole time is 8 s, of which a log gets about half.
LONGEST_PULL = 30


class LookUpCase(BedCase):
    NEEDS = ("plain", "containerd")

    @classmethod
    def setUpClass(cls):
        cls.sigstore = Sigstore()
        cls.log = LogServer(cls.sigstore.rekor)
        cls.addClassCleanup(cls.log.stop)
        cls.elsewhere = LogServer(cls.sigstore.rekor)
        cls.addClassCleanup(cls.elsewhere.stop)
        cls.key = keys.p256()
        cls.signed_before = []
        super().setUpClass()

    def setUp(self):
        self.signed_now = []  # hashes of what was signed, as the log is asked by them
        self.addCleanup(self.signed_before.extend, self.signed_now)
        self.log.requests.clear()
        self.addCleanup(setattr, self.log, "fault", None)

    def asked(self):
        """What the log was asked in this test. Images that earlier ones left on the node are looked at again in the
        background, whenever there is time for it."""
        return [body for _, body in self.log.requests
                if not any(known.encode() in body for known in self.signed_before)]

    @classmethod
    def looked_up(cls, url=None):
        """What demands an entry in the private log, which may be looked up at URL."""
        return {"trustRootRef": "private", **({"url": url} if url else {})}

    def push(self, name):
        image = images.build(f"{self.id()} {name}", runs=True)
        self.signed_now.append(keys.sha256(signing.payload(image.top)).hex())
        return self.plain.push(name, "v1", image), image

    def signed(self, name, entries=None, form="legacy"):
        """The reference of an image signed by certificate, whose entry the log alone has."""
        reference, image = self.push(name)
        publish(self.plain, name, image, self.sigstore, Recipe(entries=entries or self.log.keep_alone), form)
        return reference

    def signed_by_key(self, name, keep=True):
        """The same by the key of the policy."""
        reference, image = self.push(name)
        signer = types.SimpleNamespace(key=self.key, pem=keys.public_pem(self.key).decode())
        signed = evidence.Signed(signer, signing.payload(image.top))
        if keep:
            self.log.keep(evidence.hashedrekord(signed))
        self.plain.push(name, signing.legacy_tag(image.top),
                        signing.legacy_image([(signed.data, signing.text(signed.value))]))
        return reference

    def assert_not_pulled(self, reference, line):
        begin = time.monotonic()
        self.assert_refused(self.containerd.pull(reference), line)
        self.assertLess(time.monotonic() - begin, LONGEST_PULL)
        self.assertFalse(self.containerd.holds(reference))
        self.assertTrue(self.sigward.ready())


class AtTheAuthoritysOwnUrl(LookUpCase):
    @classmethod
    def policies(cls):
        own, none = cls.looked_up(cls.log.url), cls.looked_up()
        public = keys.public_pem(cls.key).decode()
        return [trust_root("private", cls.sigstore.trusted_root()),
                policy("by-certificate", "**/certified*/**", keyless(ISSUER, IDENTITY, "private", ctlog=own)),
                policy("by-key", "**/keyed*/**", {**key(public), "ctlog": own}),
                policy("without", "**/alone*/**", keyless(ISSUER, IDENTITY, "private", ctlog=none))]

    def starts_later(self, reference):
        """Starts it with the log gone, in a daemon that remembers nothing: it rests on what the pull has kept."""
        self.sigward.stop()
        self.log.stop()
        try:
            self.sigward.start()
            done = self.containerd.run(reference, reference.split("/")[-1].replace(":", "-"), "--rm")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.sigward.log()[-3000:])
        finally:
            self.log.start()

    def test_a_certificates_entry(self):
        reference = self.signed("certified/good")
        self.assert_allowed(self.containerd.pull(reference))
        self.assertEqual(len(self.asked()), 1)
        self.starts_later(reference)

    def test_a_keys_entry(self):
        reference = self.signed_by_key("keyed/good")
        self.assert_allowed(self.containerd.pull(reference))
        self.assertEqual(len(self.asked()), 1)
        self.starts_later(reference)

    def test_an_image_that_came_past_the_pull_is_looked_up_ahead_of_its_create(self):
        reference = self.signed("certified/ahead")
        self.containerd.pull_locally(reference)
        done = self.containerd.run(reference, "ahead", "--rm")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.sigward.log()[-3000:])
        self.assertEqual(len(self.asked()), 1)

    def test_a_create_that_nothing_was_looked_up_for_is_stopped(self):
        reference = self.signed("certified/behind")
        self.log.stop()
        try:
            self.containerd.pull_locally(reference)
            done = self.containerd.run(reference, "behind", "--rm")
        finally:
            self.log.start()
        self.assertRegex(done.stdout + done.stderr, "OCI runtime create failed: (no-signature|not-logged): ")

    def test_nothing_is_asked_for_what_carries_its_entry(self):
        for form in ("legacy", "bundle"):
            with self.subTest(form):
                self.assert_allowed(self.containerd.pull(self.signed(f"certified/{form}", logged, form)))
        self.assertEqual(self.asked(), [])

    def test_nothing_is_asked_where_no_url_is(self):
        self.assert_not_pulled(self.signed("alone/unlogged"), "not-logged: ")
        self.assertEqual(self.asked(), [])

    def test_what_the_log_does_not_have_is_not_logged(self):
        self.assert_not_pulled(self.signed("certified/unlogged", nothing), "not-logged: ")
        self.assert_not_pulled(self.signed_by_key("keyed/unlogged", keep=False), "not-logged: ")
        self.assertEqual(len(self.asked()), 2)

    def test_bundles_are_not_looked_up(self):
        self.assert_not_pulled(self.signed("certified/bundle-alone", form="bundle"), "not-logged: ")
        self.assertEqual(self.asked(), [])

    def test_a_log_that_is_gone_is_no_verdict(self):
        reference = self.signed("certified/gone")
        self.log.stop()
        try:
            self.assert_not_pulled(reference, f"registry-unreachable: .*transparency log {self.log.url}: ")
        finally:
            self.log.start()
        self.assert_allowed(self.containerd.pull(reference))

    # ---- logs that lie ----------------------------------------------------------------------------

    def test_an_entry_of_another_signature(self):
        other = self.log.keep(evidence.body_v1(evidence.Signed(self.sigstore.signer(), b"something else")))
        self.log.fault = log_server.answering(other)
        self.assert_not_pulled(self.signed("certified/other-entry"), "log-mismatch: ")

    def test_a_promise_by_another(self):
        self.log.fault = log_server.other_promise
        self.assert_not_pulled(self.signed("certified/other-promise"), "not-logged: .*inclusion promise: ")

    def test_a_good_entry_among_bad_ones(self):
        self.log.fault = log_server.good_among_bad
        reference = self.signed("certified/among-bad")
        self.assert_allowed(self.containerd.pull(reference))
        self.log.fault = None
        self.starts_later(reference)

    # ---- logs that mean harm ----------------------------------------------------------------------

    def harm(self, fault, line):
        self.log.fault = fault
        self.assert_not_pulled(self.signed(f"certified/{self._testMethodName.replace('_', '-')}"), line)
        self.log.fault = None
        self.assertEqual(len(self.asked()), 1)

    def test_an_answer_without_end(self):
        self.harm(log_server.endless, "too-large: ")

    def test_an_answer_at_one_byte_a_second(self):
        self.harm(log_server.drips, "timeout: ")

    def test_no_answer(self):
        self.harm(log_server.silent, "timeout: ")

    def test_10000_entries(self):
        self.harm(log_server.many, "too-large: ")

    def test_10000_small_entries(self):
        self.harm(log_server.small_and_many, "registry-error: ")

    def test_a_page_where_the_log_should_be(self):
        self.harm(log_server.bad_request_as_page, "registry-error: ")

    def test_a_redirect_to_this_machine(self):
        self.harm(log_server.redirect_to(self.elsewhere.url + log_server.RETRIEVE), "registry-error: ")
        self.assertEqual(self.elsewhere.requests, [])


class AtTheUrlForAll(LookUpCase):
    @classmethod
    def policies(cls):
        return [trust_root("private", cls.sigstore.trusted_root()), transparency_url(cls.log.url),
                policy("released", "**", keyless(ISSUER, IDENTITY, "private"))]

    def test_an_entry_is_looked_up_there(self):
        self.assert_allowed(self.containerd.pull(self.signed("default")))
        self.assertEqual(len(self.asked()), 1)


if __name__ == "__main__":
    unittest.main()
