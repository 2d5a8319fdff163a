"""How one signature's evidence comes about, from the certificate to the document. Tests change one step."""
import copy
import dataclasses

from . import evidence, keys


def nothing(_sigstore, _signed):
    return []


def logged(sigstore, signed):
    """An entry of Rekor v1."""
    return [sigstore.rekor.add(evidence.body_v1(signed))]


def logged_v2(sigstore, signed):
    """An entry of Rekor v2."""
    return [sigstore.rekor_v2.add(evidence.hashedrekord_v2(signed))]


def stamped(sigstore, signed):
    return [sigstore.stamps.stamp(signed.value)]


@dataclasses.dataclass
class Recipe:
    """Steps are given the Sigstore and the signature, and return lists; BEND changes the finished document."""
    # Makes the signer's Certified.
    signer: object = lambda sigstore: sigstore.signer()
    entries: object = logged
    stamps: object = nothing
    # Another key than the certificate's signs, or another text than the one that is carried is signed.
    key: object = None
    signs: object = lambda data: data
    version: str = "0.3"
    bend: object = lambda document: None

    def sign(self, sigstore, data, payload_type=None):
        signer = self.signer(sigstore)
        signed = evidence.Signed(signer, data, payload_type)
        meant = evidence.Signed(signer, self.signs(data), payload_type)
        signed.value = keys.sign(self.key or signer.key, meant.signed_bytes)
        return signed

    def bundle(self, sigstore, data, payload_type=None):
        """The bundle's document around DATA, or around the envelope of that type."""
        signed = self.sign(sigstore, data, payload_type)
        document = copy.deepcopy(evidence.bundle(signed, self.entries(sigstore, signed),
                                                 self.stamps(sigstore, signed), self.version))
        self.bend(document)
        return document

    def annotations(self, sigstore, data):
        """The annotations of a legacy layer of DATA."""
        signed = self.sign(sigstore, data)
        entries, stamps = self.entries(sigstore, signed), self.stamps(sigstore, signed)
        out = evidence.annotations(signed, sigstore.authority.chain, next(iter(entries), None),
                                   next(iter(stamps), None))
        self.bend(out)
        return out
