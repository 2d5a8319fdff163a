"""What a registry that means harm gets: rows of docs/bad-input.md, each with what it may cost."""
import concurrent.futures
import json
import unittest

from bed import images, signing
from bed.cost import Cost
from bed.lying import LyingRegistry
from bed.lying_case import MAX_BYTES, LyingCase
from bed.process import wait_until
from bed.registry import write_hosts

# Signatures looked at per image, and pages of referrers.
MAX_SIGNATURES = 64
MAX_PAGES = 8
# The names that belong to an image, and the image itself.
NAMES = 4
# Questions at once to a registry that does not answer: more than are worked on for all registries, of which
# one has only a share.
MANY = 160
SHARE = 64


class Hostile(LyingCase):
    NEEDS = ("lying", "containerd")

    def pull_is_allowed(self, **bounds):
        """Pulls, and expects that it passes at a bounded cost."""
        with Cost(self.sigward, self.lying) as cost:
            done = self.containerd.pull(f"{self.lying.host}/{self.name}:v1")
        self.assert_allowed(done)
        self.assertEqual(self.REASONS[self._testMethodName], "allowed")
        self.assert_bounded(cost, **bounds)

    # ---- too much -------------------------------------------------------------------------------

    def attach_many(self, count):
        """COUNT different referrers of the image, each with a bundle that the wrong key has signed."""
        self.attach_bundle(self.bundle(key="other"))
        media_type, manifest = self.image.manifests[self.image.top]
        subject = images.descriptor(manifest, media_type)
        said = signing.statement(self.image.top)
        for number in range(count - 1):
            data = signing.bundle(said, b"signature %d" % number)
            self.repository.add_referrer(self.image.top, *signing.referrer(subject, data))

    def test_10000_different_referrers(self):
        self.attach_many(10_000)
        self.pull_is_refused(max_requests=NAMES + 2 * MAX_SIGNATURES)

    def test_64_bundles_of_a_mebibyte(self):
        self.attach_many(1)
        for number in range(MAX_SIGNATURES - 1):
            self.attach_bundle(self.bundle(key="other")[:-1] + b" " * ((1 << 20) - 4096) + b"%4d}" % number)
        self.pull_is_refused(max_requests=NAMES + 2 * MAX_SIGNATURES)

    def pull_with_pages(self, fault):
        """A list of one referrer by the wrong key, whose pages FAULT bends."""
        self.attach_bundle(self.bundle(key="other"))
        self.repository.strike(fault)
        self.pull_is_refused(max_requests=NAMES + MAX_PAGES + 2)

    def test_pages_of_referrers_without_end(self):
        self.pull_with_pages("pages-endless")

    def test_page_of_referrers_that_follows_itself(self):
        self.pull_with_pages("pages-circle")

    def test_next_page_of_referrers_at_another_host(self):
        other = LyingRegistry()
        self.addCleanup(other.stop)
        self.repository.elsewhere = other.url
        self.pull_with_pages("pages-elsewhere")
        self.assertEqual(other.requests, [])

    # ---- HTTP -----------------------------------------------------------------------------------

    def test_header_without_end(self):
        self.pull_with("header-endless")

    def test_header_line_without_end(self):
        self.pull_with("header-line-endless")

    def test_header_at_one_byte_a_second(self):
        self.pull_with("header-drips")

    def test_interim_answers_without_end(self):
        self.pull_with("interim-endless")

    def test_chunk_extension_without_end(self):
        self.pull_with("chunk-extension-endless", max_bytes=2 * MAX_BYTES)  # frames may take as much again

    def test_trailers_without_end(self):
        self.pull_with("trailers-endless")

    def test_length_of_a_petabyte(self):
        self.pull_with("length-petabyte")

    def test_two_lengths_that_differ(self):
        self.sign_legacy()
        self.repository.strike("length-twice")
        self.pull_is_allowed()

    def test_negative_length(self):
        self.pull_with("length-negative")

    def test_gzip_bomb(self):
        self.pull_with("gzip-bomb")

    def test_what_is_not_http(self):
        self.pull_with("not-http")

    # ---- what lists and descriptors say ---------------------------------------------------------

    def bend_referrer(self, **entries):
        """Bends the descriptor of a good referrer in the list."""
        self.attach_bundle(self.bundle())
        self.repository.referrers[self.image.top][0].update(entries)
        self.pull_is_refused()

    def test_referrer_of_no_size(self):
        self.bend_referrer(size=0)

    def test_referrer_of_a_negative_size(self):
        self.bend_referrer(size=-1)

    def test_referrer_of_a_huge_size(self):
        self.bend_referrer(size=2**64)

    def test_referrer_with_text_for_a_size(self):
        self.bend_referrer(size="1000")

    def test_referrer_smaller_than_it_says(self):
        self.attach_bundle(self.bundle())
        self.repository.referrers[self.image.top][0]["size"] += 1000
        self.pull_is_allowed()

    def test_referrer_larger_than_it_says(self):
        self.attach_bundle(self.bundle())
        self.repository.referrers[self.image.top][0]["size"] -= 1
        self.pull_is_refused()

    def test_mislabelled_list_of_referrers(self):
        self.attach_bundle(self.bundle())
        self.repository.strike("referrers-mislabelled")
        self.pull_is_refused()

    def test_mislabelled_manifests(self):
        self.sign_legacy()
        self.attach_bundle(self.bundle())
        self.repository.strike("manifest-mislabelled")
        self.pull_is_allowed()

    # ---- documents ------------------------------------------------------------------------------

    def signature_manifest(self, document, media_type=images.OCI_MANIFEST, image=None):
        """Puts DOCUMENT behind the signature's tag."""
        image = image or images.Image()
        image.add_manifest(document, media_type)
        self.repository.add_evidence(signing.legacy_tag(self.image.top), image)

    def good_legacy(self):
        said = signing.payload(self.image.top)
        return signing.legacy_image([(said, self.signature(said))])

    def test_signature_manifest_that_is_an_index_as_well(self):
        good = self.good_legacy()
        document = json.loads(good.manifests[good.top][1])
        self.signature_manifest({**document, "manifests": []}, image=good)
        self.pull_is_refused()

    def test_signature_tag_of_an_index(self):
        good = self.good_legacy()
        media_type, data = good.manifests[good.top]
        self.signature_manifest({"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                                 "manifests": [images.descriptor(data, media_type)]}, images.OCI_INDEX, good)
        self.pull_is_refused()

    def test_referrer_that_is_an_index_as_well(self):
        self.attach_bundle(self.bundle())
        listed = self.repository.referrers[self.image.top]
        document = json.loads(self.repository.manifests[listed.pop()["digest"]][1])
        self.repository.add_referrer(self.image.top, {**document, "manifests": []}, {})
        self.pull_is_refused()

    def test_referrers_nested_in_an_index(self):
        self.attach_bundle(self.bundle())
        inner = self.repository.referrers[self.image.top].pop()
        index = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [inner]}
        self.repository.add_referrer(self.image.top, index, {})
        self.pull_is_refused()

    def test_index_in_an_index_in_an_index(self):
        """The innermost manifest is signed; what containerd would run is not."""
        self.sign_legacy()
        for _ in range(2):
            media_type, data = self.image.manifests[self.image.top]
            member = {**images.descriptor(data, media_type),
                      "platform": {"os": "linux", "architecture": "amd64"}}
            self.image.add_manifest({"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                                     "manifests": [member]}, images.OCI_INDEX)
        self.repository.add_image("v1", self.image)
        self.pull_is_refused()

    # ---- answers that change --------------------------------------------------------------------

    def test_status_503_for_signatures_only(self):
        """It is left alone for as long as it wants; who asks meanwhile is told so, and others are answered."""
        registry = LyingRegistry()
        self.addCleanup(registry.stop)
        write_hosts(self.hosts_dir, registry.host, registry.hosts_toml())
        repository = registry.repository(self.name)
        repository.add_image("v1", self.image)
        repository.strike("unavailable")
        for most in (NAMES, 0):
            with Cost(self.sigward, registry) as cost:
                done = self.containerd.pull(f"{registry.host}/{self.name}:v1")
            self.assert_refused(done, f"{self.REASONS[self._testMethodName]}: ")
            self.assert_bounded(cost, max_requests=most)
        self.assert_good_image_passes()

    def test_blob_that_is_right_the_second_time(self):
        """What was wrong once is remembered by nobody."""
        self.pull_with("blob-swapped")
        self.repository.strike()
        self.assert_allowed(self.containerd.pull(f"{self.lying.host}/{self.name}:v1"))

    def test_signature_that_is_gone_the_second_time(self):
        """A signature that was verified once stays so; another image of the name gains nothing by it."""
        self.sign_legacy()
        self.pull_is_allowed()
        self.repository.strike("not-found")
        self.pull_is_allowed(max_requests=0)
        other = images.build(f"{self.name} other")
        self.repository.add_image("v1", other)
        self.assert_refused(self.containerd.pull(f"{self.lying.host}/{self.name}:v1"), "no-signature: ")

    def test_tag_that_moves_between_two_requests(self):
        """What containerd was told the tag means, and nothing else, is judged: the other one is signed."""
        self.sign_legacy()
        other = images.build(f"{self.name} other")
        self.repository.add_image("v1", other)
        self.repository.moves_to["v1"] = self.image.top
        self.pull_is_refused()
        self.assertFalse(self.containerd.holds(f"{self.lying.host}/{self.name}:v1"))

    # ---- many at once ---------------------------------------------------------------------------

    def test_many_questions_to_a_registry_that_is_silent(self):
        """A good registry is answered while they wait."""
        silent = LyingRegistry()
        self.addCleanup(silent.stop)
        said = []
        with concurrent.futures.ThreadPoolExecutor(MANY) as askers, Cost(self.sigward, silent) as cost:
            for number in range(MANY):
                repository = silent.repository(f"app{number}")
                repository.strike("silent")
                image = images.build(f"silent {number}")
                said.append(askers.submit(self.sigward.ask, f"{silent.host}/app{number}:v1", image.top))
            wait_until(lambda: len(silent.requests) >= SHARE, 20, "the silent registry is asked")
            for number in range(20):
                image = images.build(f"{self.name} {number}")
                said_of_it = signing.payload(image.top)
                repository = self.lying.repository(f"busy{number}")
                self.attach(repository, image.top, [(said_of_it, self.signature(said_of_it))])
                repository.add_image("v1", image)
                self.assert_allowed(self.sigward.ask(f"{self.lying.host}/busy{number}:v1", image.top))
            self.assertFalse(all(waiting.done() for waiting in said), "the silent registry was over first")
        for waiting in said:
            self.assert_answer(waiting.result(), f"({self.REASONS[self._testMethodName]}|overloaded): .*")
        self.assert_bounded(cost, max_requests=SHARE * NAMES)


if __name__ == "__main__":
    unittest.main()
