"""A certificate transparency log, as far as a certificate shows it: RFC 6962 §3.2 and §3.3."""
import itertools

from . import der, keys
from .certificates import SIGNED


def _number(value, size):
    return value.to_bytes(size, "big")


def _vector(data):
    return _number(len(data), 2) + data


class CtLog:
    def __init__(self, host="ctfe.example"):
        self.host = host
        self.key = keys.p256()
        self.log_id = keys.sha256(keys.spki(self.key))

    def promise(self, tbs, issuer_spki, time=SIGNED):
        """A SignedCertificateTimestamp over the pre-certificate."""
        stamp = _number(int(time.timestamp() * 1000), 8)
        signed = (b"\0\0" + stamp + _number(1, 2) + keys.sha256(issuer_spki) + _number(len(tbs), 3) + tbs
                  + _vector(b""))
        return b"\0" + self.log_id + stamp + _vector(b"") + b"\4\3" + _vector(keys.sign(self.key, signed))


def promised(*logs, time=SIGNED, bends=()):
    """For Plan.promised: one promise by each of LOGS. BENDS, log by log, change the pre-certificate that it is of."""
    def contents(tbs, issuer_spki):
        return der.octets(_vector(b"".join(_vector(log.promise((bend or bytes)(tbs), issuer_spki, time))
                                           for log, bend in itertools.zip_longest(logs, bends))))
    return contents
