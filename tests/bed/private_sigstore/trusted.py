"""How a trusted root names what it trusts."""
from ..signing import text
from . import keys


def utc(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _window(start, end):
    return {"start": utc(start), **({"end": utc(end)} if end else {})}


def log(one, details, start, end=None):
    """A log of either kind."""
    return {"baseUrl": f"https://{one.host}", "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": text(keys.spki(one.key)), "keyDetails": details,
                          "validFor": _window(start, end)},
            "logId": {"keyId": text(one.log_id)}}


def authority(name, chain, start, end=None):
    """An authority of either kind."""
    return {"subject": {"organization": "example", "commonName": name}, "uri": f"https://{name}.example",
            "certChain": {"certificates": [{"rawBytes": text(one.der)} for one in chain]},
            "validFor": _window(start, end)}
