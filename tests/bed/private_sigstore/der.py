"""As much of DER as certificates' extensions and time stamps need."""


def element(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts):
    return element(0x30, *parts)


def set_of(*parts):
    return element(0x31, *parts)


def integer(value):
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data):
    return element(0x04, data)


def utf8(text):
    return element(0x0C, text.encode())


def generalized_time(time):
    return element(0x18, time.strftime("%Y%m%d%H%M%SZ").encode())


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return element(0x06, bytes(out))


def algorithm(dotted):
    """An AlgorithmIdentifier without parameters, as for ECDSA and for SHA-2 in CMS."""
    return sequence(oid(dotted))
