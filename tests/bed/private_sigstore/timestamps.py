"""A time-stamp authority: RFC 3161 answers in DER."""
from cryptography.hazmat.primitives import serialization

from . import der, keys
from .certificates import DAY, SIGNED, TIME_STAMPING, YEAR, Authority, Plan

SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
POLICY = "1.3.6.1.4.1.57264.2"


def stamper_plan(**changed):
    """A certificate that stamps, and nothing else."""
    return Plan(**{"subject": "stamps", "start": SIGNED - 30 * DAY, "end": SIGNED + YEAR, "leaf": True,
                   "usages": (TIME_STAMPING,), "usages_critical": True, **changed})


def _attribute(oid, value):
    return der.sequence(der.oid(oid), der.set_of(value))


class TimestampAuthority:
    def __init__(self, name="stamps", plan=None):
        self.authority = Authority(name, TIME_STAMPING)
        self.signer = self.authority.issue(plan or stamper_plan())

    @property
    def chain(self):
        return [self.signer, *self.authority.chain]

    def stamp(self, data, time=SIGNED, status=0, carried=True):
        """The answer to a request for DATA; the certificate is CARRIED along, or not."""
        info = der.sequence(
            der.integer(1), der.oid(POLICY),
            der.sequence(der.algorithm(SHA256), der.octets(keys.sha256(data))), der.integer(7),
            der.generalized_time(time))
        certificates = der.element(0xA0, self.signer.der) if carried else b""
        signed = der.sequence(
            der.integer(3), der.set_of(der.algorithm(SHA256)),
            der.sequence(der.oid(TST_INFO), der.element(0xA0, der.octets(info))), certificates,
            der.set_of(self._signer_info(info)))
        token = der.sequence(der.oid(SIGNED_DATA), der.element(0xA0, signed))
        return der.sequence(der.sequence(der.integer(status)), token)

    def _signer_info(self, info):
        certificate = self.signer.certificate
        issuer = certificate.issuer.public_bytes(serialization.Encoding.DER)
        identity = der.sequence(der.octets(keys.sha256(self.signer.der)))
        attributes = b"".join(sorted((
            _attribute(CONTENT_TYPE, der.oid(TST_INFO)),
            _attribute(MESSAGE_DIGEST, der.octets(keys.sha256(info))),
            _attribute(SIGNING_CERTIFICATE, der.sequence(der.sequence(identity))))))
        return der.sequence(
            der.integer(1), der.sequence(issuer, der.integer(certificate.serial_number)), der.algorithm(SHA256),
            der.element(0xA0, attributes), der.algorithm(ECDSA_SHA256),
            der.octets(keys.sign(self.signer.key, der.set_of(attributes))))
