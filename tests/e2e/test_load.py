"""A thousand pulls of fifty images at once: all are answered, and the registry is asked once for each thing."""
import collections
import concurrent.futures
import os
import threading
import time
import unittest

from bed import images, signing
from bed.case import BedCase
from bed.peers import program

IMAGES = 50
QUESTIONS = 1000
# For all of them; a quiet machine needs a twentieth of it.
SECONDS = 60


class Load(BedCase):
    NEEDS = ("plain",)
    one_at_a_time = threading.Lock()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cls.images = list(pool.map(cls.make, range(IMAGES)))

    @classmethod
    def sign(cls, data):
        with cls.one_at_a_time:
            return cls.keys.sign("good", data)

    @classmethod
    def make(cls, number):
        """Pushes a signed image; returns (reference, digest, paths of its evidence)."""
        name = f"app{number}"
        image = images.build(f"load {name}")
        reference = cls.plain.push(name, "v1", image)
        if number % 2:
            said = signing.payload(image.top)
            evidence = signing.legacy_image([(said, signing.text(cls.sign(said)))])
            tag = signing.legacy_tag(image.top)
            cls.plain.push(name, tag, evidence)
            return reference, image.top, {f"manifests/{tag}", f"blobs/{images.digest(said)}"}
        said = signing.statement(image.top)
        bundle = signing.bundle(said, cls.sign(signing.pre_authentication(said)))
        media_type, data = image.manifests[image.top]
        document, blobs = signing.referrer(images.descriptor(data, media_type), bundle)
        for blob in blobs.values():
            cls.plain.put_blob(name, blob)
        cls.plain.add_referrer(name, image.top, document)
        return reference, image.top, {f"manifests/{image.top.replace(':', '-')}", f"blobs/{images.digest(bundle)}",
                                      f"manifests/{images.digest(images.encode(document))}"}

    def ask_all(self):
        """QUESTIONS processes, as containerd starts them, with no wait in between; returns how they ended."""
        asked = []
        for number in range(QUESTIONS):
            reference, digest, _ = self.images[number % IMAGES]
            descriptor = self.place / f"descriptor{number % IMAGES}"
            descriptor.write_bytes(images.encode({"mediaType": images.OCI_MANIFEST, "digest": digest, "size": 1}))
            asked.append(os.posix_spawn(
                program("sigward-image-verifier"),
                ["sigward-image-verifier", "-name", reference, "-digest", digest, "-stdin-media-type",
                 "application/vnd.oci.descriptor.v1+json"],
                self.sigward.env,
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, descriptor, os.O_RDONLY, 0),
                              (os.POSIX_SPAWN_OPEN, 1, self.place / "said",
                               os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)]))
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in asked]

    def assert_all_pass(self):
        started = time.monotonic()
        codes = self.ask_all()
        self.assertLess(time.monotonic() - started, SECONDS)
        said = (self.place / "said").read_text().splitlines()
        self.assertEqual([line for line in said if not line.startswith("allowed: ")], [])
        self.assertEqual(codes, [0] * QUESTIONS)

    def test_a_thousand_pulls_of_fifty_images(self):
        self.assert_all_pass()
        asked = [r for r in self.plain.requests() if r.by_sigward]
        counts = collections.Counter((r.method, r.path) for r in asked)
        self.assertEqual({request: count for request, count in counts.items() if count > 1}, {})
        fetched = {r.path for r in asked if r.status == 200}
        self.assertEqual(fetched, {f"/v2/app{number}/{path}" for number, (_, _, evidence) in enumerate(self.images)
                                   for path in evidence})
        self.assert_all_pass()
        self.assertEqual(len([r for r in self.plain.requests() if r.by_sigward]), len(asked))


if __name__ == "__main__":
    unittest.main()
