"""sigstore-conformance's bundles. A folder's name there says what is right; its files lie here as
NAME.json, NAME.trusted_root.json and so on."""
import pathlib

VECTORS = pathlib.Path(__file__).parents[1] / "vectors/sigstore-conformance"
IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"


def names():
    return sorted(file.name.removesuffix(".json") for file in VECTORS.glob("*.json")
                  if not file.name.endswith(".trusted_root.json"))


def bundle(name):
    return VECTORS / f"{name}.json"


def beside(name, suffix):
    """The file of a case, or None."""
    file = VECTORS / f"{name}.{suffix}"
    return file if file.exists() else None


def text_beside(name, suffix, otherwise):
    file = beside(name, suffix)
    return file.read_text(encoding="utf-8").strip() if file else otherwise


def arguments(name):
    """As sigstore-conformance calls its clients, in that order; without the artifact."""
    argv = ["verify-bundle", "--bundle", bundle(name)]
    if key := beside(name, "key.pub"):
        argv += ["--key", key]
    else:
        argv += ["--certificate-identity", text_beside(name, "identity", IDENTITY),
                 "--certificate-oidc-issuer", text_beside(name, "issuer", ISSUER)]
    if root := beside(name, "trusted_root.json"):
        argv += ["--trusted-root", root]
    return argv


def artifact(name):
    return beside(name, "artifact") or VECTORS / "a.txt"
