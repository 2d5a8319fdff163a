"""What bad input gets: every row of docs/bad-input.md through a real pull.

A row names its test and the reason that the user's line starts with. Each test makes the row's input,
pulls with containerd, and expects that reason, in time, from a daemon that goes on afterwards.
"""
import unittest

from bed import images, signing
from bed.lying import LyingRegistry
from bed.lying_case import LyingCase, table
from bed.peers import program
from bed.process import free_port
from bed.registry import hosts_toml, write_hosts
from bed.tls import Authority

from . import test_hostile_registry, test_other_places


class BadInput(LyingCase):
    NEEDS = ("lying", "containerd")

    # ---- signatures -----------------------------------------------------------------------------

    def test_wrong_key(self):
        self.sign_legacy(key="other")
        self.pull_is_refused()

    def test_wrong_key_in_a_bundle(self):
        self.attach_bundle(self.bundle(key="other"))
        self.pull_is_refused()

    def test_signature_of_another_digest(self):
        self.sign_legacy(signing.payload(self.good_image.top))
        self.pull_is_refused()

    def test_bundle_of_another_digest(self):
        self.attach_bundle(self.bundle(signing.statement(self.good_image.top)))
        self.pull_is_refused()

    def test_attestation_alone(self):
        self.attach_bundle(self.bundle(signing.statement(self.image.top, "https://slsa.dev/provenance/v1")))
        self.pull_is_refused()

    def test_message_signature_bundle(self):
        _, manifest = self.image.manifests[self.image.top]
        self.attach_bundle(images.encode({
            "mediaType": signing.BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}},
            "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": ""},
                                 "signature": self.signature(manifest)}}))
        self.pull_is_refused()

    def test_bundle_of_an_unknown_version(self):
        self.attach_bundle(self.bundle(version="0.4"))
        self.pull_is_refused()

    def test_bundle_without_the_proof_of_its_version(self):
        self.attach_bundle(self.bundle(version="0.2", entries=[signing.log_entry("0.1")]))
        self.pull_is_refused()

    def test_bundle_with_a_log_entry_twice(self):
        self.attach_bundle(self.bundle(entries=[signing.log_entry("0.3")] * 2))
        self.pull_is_refused()

    # ---- payloads, all signed by the right key --------------------------------------------------

    def bend_payload(self, old, new):
        said = signing.payload(self.image.top)
        self.assertIn(old, said)
        self.sign_legacy(said.replace(old, new))
        self.pull_is_refused()

    def test_payload_with_a_wrong_digest(self):
        self.bend_payload(self.image.top.encode(), b"sha256:0123")

    def test_payload_with_its_digest_in_upper_case(self):
        value = self.image.top.split(":")[1].encode()
        self.bend_payload(value, value.upper())

    def test_payload_of_a_wrong_type(self):
        self.bend_payload(signing.PAYLOAD_TYPE.encode(), b"atomic container signature")

    def test_payload_with_duplicate_keys(self):
        self.bend_payload(b'"docker-manifest-digest"',
                          b'"docker-manifest-digest":"sha256:%s","docker-manifest-digest"' % (b"0" * 64))

    def test_payload_nested_too_deep(self):
        self.bend_payload(b'"optional":null', b'"optional":' + b"[" * 5000 + b"]" * 5000)

    def test_payload_with_trailing_bytes(self):
        self.bend_payload(b"null}", b"null}{}")

    def test_payload_with_invalid_utf8(self):
        self.bend_payload(b'"docker-reference":""', b'"docker-reference":"\xff\xfe"')

    def test_payload_that_is_empty(self):
        self.sign_legacy(b"")
        self.pull_is_refused()

    # ---- base64 ---------------------------------------------------------------------------------

    def bend_signature(self, bend):
        self.sign_legacy(signature=bend(self.signature(signing.payload(self.image.top))))
        self.pull_is_refused()

    def test_base64_with_white_space(self):
        self.bend_signature(lambda s: s[:40] + "\n" + s[40:])

    def test_base64_with_trailing_bytes(self):
        self.bend_signature(lambda s: s + "!")

    def test_base64_that_is_empty(self):
        self.bend_signature(lambda s: "")

    def test_signature_with_trailing_bytes(self):
        said = signing.payload(self.image.top)
        self.sign_legacy(said, signing.text(self.keys.sign("good", said) + bytes(3)))
        self.pull_is_refused()

    # ---- too much -------------------------------------------------------------------------------

    def test_signature_manifest_with_10000_layers(self):
        said = signing.payload(self.good_image.top)
        self.attach(self.repository, self.image.top, [(said, self.signature(said))] * 10_000)
        self.pull_is_refused()

    def test_10000_referrers(self):
        self.attach_bundle(self.bundle(key="other"))
        self.repository.referrers[self.image.top] *= 10_000
        self.pull_is_refused()

    def test_manifest_of_five_mebibytes(self):
        image = signing.legacy_image([(b"{}", "A" * (5 << 20))])
        self.repository.add_evidence(signing.legacy_tag(self.image.top), image)
        self.pull_is_refused()

    # ---- bodies ---------------------------------------------------------------------------------

    def test_blob_that_never_ends(self):
        self.pull_with("blob-endless")

    def test_blob_at_one_byte_a_second(self):
        self.pull_with("blob-drips")

    def test_blob_larger_than_its_descriptor(self):
        self.pull_with("blob-longer")

    def test_blob_larger_than_its_descriptor_without_a_length(self):
        self.pull_with("blob-longer-chunked")

    def test_blob_cut_short(self):
        self.pull_with("blob-shorter")

    def test_blob_that_hashes_to_something_else(self):
        self.pull_with("blob-swapped")

    def test_manifest_that_never_ends(self):
        self.pull_with("manifest-endless")

    def test_manifest_at_one_byte_a_second(self):
        self.pull_with("manifest-drips")

    def test_manifest_that_hashes_to_something_else(self):
        self.attach_bundle(self.bundle())
        self.repository.strike("manifest-swapped")
        self.pull_is_refused()

    def test_web_page_in_place_of_a_manifest(self):
        self.pull_with("manifest-web-page")

    # ---- answers of the registry, each kept apart from "unsigned" -------------------------------

    def test_status_401(self):
        self.pull_with("unauthorized")

    def test_status_403(self):
        self.pull_with("forbidden")

    def test_status_404_for_everything(self):
        self.pull_with("not-found")

    def test_status_404_for_a_signature_that_is_listed(self):
        self.pull_with("blob-missing")

    def test_status_404_for_a_manifest_that_is_listed(self):
        self.attach_bundle(self.bundle())
        self.repository.strike("manifest-missing")
        self.pull_is_refused()

    def test_status_429(self):
        self.pull_with("rate-limited")

    def test_status_500(self):
        self.pull_with("server-error")

    def test_redirect_in_a_circle(self):
        self.pull_with("redirect-loop")

    # ---- connections ----------------------------------------------------------------------------

    def test_connection_closed_without_an_answer(self):
        self.pull_with("hang-up")

    def test_request_that_is_never_answered(self):
        self.pull_with("silent")

    def elsewhere(self, host, for_containerd, for_sigward):
        """Gives HOST one hosts.toml for containerd and another for sigward; pulls from it."""
        containerd_hosts = self.place / "containerd-certs.d"
        write_hosts(containerd_hosts, host, for_containerd)
        write_hosts(self.hosts_dir, host, for_sigward)
        self.pull_is_refused(f"{host}/{self.name}:v1", hosts_dir=containerd_hosts)

    def test_registry_that_is_gone(self):
        self.elsewhere("gone.example", self.lying.hosts_toml(), hosts_toml(f"http://127.0.0.1:{free_port()}"))

    def test_tls_with_a_wrong_ca(self):
        registry = LyingRegistry(self.authority)
        self.addCleanup(registry.stop)
        registry.repository(self.name).add_image("v1", self.image)
        other = Authority(self.place / "other-ca")
        self.elsewhere("tls.example", registry.hosts_toml(),
                       hosts_toml(registry.url, f'ca = "{other.certificate}"'))

    # ---- what containerd hands over -------------------------------------------------------------

    def with_descriptor(self, text):
        """Pulls a well-signed image while the verifier's standard input is TEXT."""
        self.sign_legacy()
        said = self.place / "descriptor"
        said.write_text(text)
        self.containerd.verify_with_script(f'exec {program("sigward-image-verifier")} "$@" <{said}')
        self.addCleanup(self.containerd.verify_with_sigward)
        self.pull_is_refused()

    def test_descriptor_that_disagrees_with_the_digest(self):
        self.with_descriptor(images.encode({"mediaType": images.OCI_MANIFEST, "size": 1,
                                            "digest": self.good_image.top}).decode())

    def test_descriptor_that_is_no_json(self):
        self.with_descriptor("no JSON")


class Table(unittest.TestCase):
    def test_every_row_has_its_test_and_every_test_its_row(self):
        cases = [BadInput, test_hostile_registry.Hostile, test_other_places.OtherPlaces]
        tests = {name for case in cases for name in dir(case) if name.startswith("test_")}
        self.assertEqual(sorted(table()), sorted(tests))


if __name__ == "__main__":
    unittest.main()
