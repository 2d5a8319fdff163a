"""Certificates: of authorities, and of signers as Fulcio issues them."""
import dataclasses
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import der, keys

# When things are signed unless a test says otherwise: past for every clock that runs these tests.
SIGNED = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY
IDENTITY = "https://github.com/example/app/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
FULCIO = "1.3.6.1.4.1.57264.1"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


@dataclasses.dataclass
class Certified:
    """A key with its certificate."""
    key: object
    certificate: x509.Certificate

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclasses.dataclass
class Plan:
    """What a certificate says, but for its names' owner: an authority's unless LEAF."""
    subject: str
    start: datetime.datetime
    end: datetime.datetime
    leaf: bool = False
    # A leaf that may sign anything but texts.
    wrong_use: bool = False
    path_length: int = None
    usages: tuple = ()
    usages_critical: bool = False
    # Pairs of an extension and whether it is critical.
    extensions: tuple = ()
    # Given the TBSCertificate and the issuer's key, the contents of the SCT extension.
    promised: object = None


def raw(dotted, value, critical=False):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), value), critical


def fulcio(number, value):
    return raw(f"{FULCIO}.{number}", value)


def uri(text):
    return x509.UniformResourceIdentifier(text)


def email(text):
    return x509.RFC822Name(text)


def other_name(text):
    """Fulcio's own kind of name."""
    return x509.OtherName(x509.ObjectIdentifier(f"{FULCIO}.7"), der.utf8(text))


def leaf_plan(*names, issuer=ISSUER, issuer_v2=ISSUER, start=SIGNED - MINUTE, end=SIGNED + 9 * MINUTE, **changed):
    """A signer's certificate for NAMES, this module's identity unless given, vouched for by ISSUER in Fulcio's
    older and newer words."""
    names = names or (uri(IDENTITY),)
    extensions = [(x509.SubjectAlternativeName(names), True)]
    if issuer is not None:
        extensions.append(fulcio(1, issuer.encode()))
    if issuer_v2 is not None:
        extensions.append(fulcio(8, der.utf8(issuer_v2)))
    return Plan(**{"subject": "", "start": start, "end": end, "leaf": True, "usages": (CODE_SIGNING,),
                   "extensions": tuple(extensions), **changed})


def _standard(plan, subject, issuer):
    """The extensions that certificates of any kind have."""
    yield x509.SubjectKeyIdentifier.from_public_key(subject.public_key()), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False
    yield x509.KeyUsage(digital_signature=plan.leaf and not plan.wrong_use, content_commitment=plan.wrong_use,
                        key_encipherment=False, data_encipherment=False, key_agreement=False,
                        key_cert_sign=not plan.leaf, crl_sign=not plan.leaf, encipher_only=False,
                        decipher_only=False), True
    if not plan.leaf:
        yield x509.BasicConstraints(True, plan.path_length), True
    if plan.usages:
        yield x509.ExtendedKeyUsage(plan.usages), plan.usages_critical


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def issue(plan, key, issuer=None):
    """A certificate for KEY by ISSUER, or by itself."""
    signer = issuer.key if issuer else key
    name = issuer.certificate.subject if issuer else _name(plan.subject)
    builder = (x509.CertificateBuilder().subject_name(_name(plan.subject)).issuer_name(name)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(plan.start).not_valid_after(plan.end))
    for extension, critical in (*_standard(plan, key, signer), *plan.extensions):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(signer, hashes.SHA256())
    if plan.promised:
        contents = plan.promised(certificate.tbs_certificate_bytes, keys.spki(signer))
        certificate = builder.add_extension(*raw(SCT_LIST, contents)).sign(signer, hashes.SHA256())
    return Certified(key, certificate)


class Authority:
    """A root and an intermediate that issues for USAGE."""

    def __init__(self, name="private sigstore", usage=CODE_SIGNING, start=SIGNED - YEAR, end=SIGNED + YEAR,
                 root_end=None):
        self.root = issue(Plan(name, start, root_end or end, path_length=1), keys.p384())
        self.intermediate = issue(Plan(f"{name} intermediate", start, end, path_length=0, usages=(usage,)),
                                  keys.p384(), self.root)

    def issue(self, plan, key=None):
        return issue(plan, key or keys.p256(), self.intermediate)

    @property
    def chain(self):
        return [self.intermediate, self.root]
