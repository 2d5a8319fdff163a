"""Images with evidence made by hand in the lying registry, and what a question about one may cost."""
import re

from . import images, signing
from .case import BedCase
from .cost import Cost
from .peers import SOURCE

# The pull's deadline, and what a busy machine may add.
DEADLINE = 8
SLACK = 4
# What one question about evidence that is bent may take. Three answers at once may each be as large as a
# manifest may be, and the kernel keeps some MiB of each that nobody reads.
MAX_REQUESTS = 12
MAX_BYTES = 32 << 20
MAX_MEMORY_KIB = {"sigward-fetchd": 48 << 10, "sigward-verifyd": 48 << 10}
TABLE_ROW = re.compile(r"^\| .+ \| `([a-z-]+)` \| `(test_\w+)` \|$", re.M)


def table():
    """The rows of docs/bad-input.md: reason by test."""
    rows = TABLE_ROW.findall((SOURCE / "docs/bad-input.md").read_text())
    return {test: reason for reason, test in rows}


class LyingCase(BedCase):
    """Each test has an image of its own name in the lying registry, unsigned at first, and a row of
    docs/bad-input.md that says what the user's line starts with."""
    REASONS = table()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good_image = images.build("good")
        repository = cls.registry().repository("good")
        repository.add_image("v1", cls.good_image)
        said = signing.payload(cls.good_image.top)
        cls.attach(repository, cls.good_image.top, [(said, cls.signature(said))])

    @classmethod
    def registry(cls):
        return cls.lying

    def setUp(self):
        self.name = self._testMethodName.removeprefix("test_")
        self.repository = self.registry().repository(self.name)
        self.image = images.build(self.name)
        self.repository.add_image("v1", self.image)

    # ---- making bad input -----------------------------------------------------------------------

    @classmethod
    def signature(cls, data, key="good"):
        return signing.text(cls.keys.sign(key, data))

    @staticmethod
    def attach(repository, image_digest, layers):
        repository.add_evidence(signing.legacy_tag(image_digest), signing.legacy_image(layers))

    def sign_legacy(self, said=None, signature=None, key="good"):
        """Attaches a legacy signature by hand; what is not given is right."""
        said = signing.payload(self.image.top) if said is None else said
        self.attach(self.repository, self.image.top,
                    [(said, self.signature(said, key) if signature is None else signature)])

    def bundle(self, said=None, key="good", **more):
        said = signing.statement(self.image.top) if said is None else said
        return signing.bundle(said, self.keys.sign(key, signing.pre_authentication(said)), **more)

    def attach_bundle(self, data):
        media_type, manifest = self.image.manifests[self.image.top]
        subject = images.descriptor(manifest, media_type)
        self.repository.add_referrer(self.image.top, *signing.referrer(subject, data))

    # ---- pulling --------------------------------------------------------------------------------

    def pull_is_refused(self, reference=None, max_requests=MAX_REQUESTS, max_bytes=MAX_BYTES, **more):
        """Pulls, and expects the row's reason in time and at a bounded cost; then a good image still
        gets through."""
        with Cost(self.sigward, self.registry()) as cost:
            done = self.containerd.pull(reference or f"{self.registry().host}/{self.name}:v1", **more)
        self.assert_refused(done, f"{self.REASONS[self._testMethodName]}: ")
        self.assertNotIn("\n", done.stderr.strip().partition("rejected image")[2])
        self.assert_bounded(cost, max_requests, max_bytes)
        self.assert_good_image_passes()

    def pull_with(self, *faults, **bounds):
        """The same for a well-signed image, in both formats, whose evidence is struck by FAULTS."""
        self.sign_legacy()
        self.attach_bundle(self.bundle())
        self.repository.strike(*faults)
        self.pull_is_refused(**bounds)

    def assert_good_image_passes(self):
        self.assert_allowed(self.sigward.ask(f"{self.registry().host}/good:v1", self.good_image.top))

    def assert_bounded(self, cost, max_requests=MAX_REQUESTS, max_bytes=MAX_BYTES):
        self.assertLess(cost.seconds, DEADLINE + SLACK, cost)
        self.assertLessEqual(cost.requests, max_requests, cost)
        self.assertLessEqual(cost.bytes, max_bytes, cost)
        for worker, most in MAX_MEMORY_KIB.items():
            self.assertLessEqual(cost.memory_kib[worker], most, cost)
