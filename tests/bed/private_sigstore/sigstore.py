"""All services together, as one trusted root names them."""
from . import trusted
from .certificates import SIGNED, YEAR, Authority, leaf_plan
from .ct_log import CtLog, promised
from .rekor import RekorV1, RekorV2
from .timestamps import TimestampAuthority

TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
P256 = "PKIX_ECDSA_P256_SHA_256"
START = SIGNED - YEAR


class Sigstore:
    def __init__(self, authority=None, stamps=None):
        self.authority = authority or Authority()
        self.ct_log = CtLog()
        self.rekor = RekorV1()
        self.rekor_v2 = RekorV2()
        self.stamps = stamps or TimestampAuthority()

    def plan(self, *names, **changed):
        """A signer's certificate with what the certificate log promised."""
        return leaf_plan(*names, **{"promised": promised(self.ct_log), **changed})

    def signer(self, plan=None, authority=None):
        return (authority or self.authority).issue(plan or self.plan())

    def trusted_root(self, start=START, ends=None):
        """The document; ENDS closes the window of a part by its name."""
        ends = ends or {}
        return {"mediaType": TRUSTED_ROOT,
                "tlogs": [trusted.log(self.rekor, P256, start, ends.get("tlogs")),
                          trusted.log(self.rekor_v2, "PKIX_ED25519", start, ends.get("tlogs"))],
                "ctlogs": [trusted.log(self.ct_log, P256, start, ends.get("ctlogs"))],
                "certificateAuthorities": [
                    trusted.authority("fulcio", self.authority.chain, start, ends.get("certificateAuthorities"))],
                "timestampAuthorities": [
                    trusted.authority("stamps", self.stamps.chain, start, ends.get("timestampAuthorities"))]}
