"""ClusterImagePolicies as documents; written as JSON, which every YAML reader takes."""
import json


def key(pem, hash_algorithm=None, name=None, source=None):
    """An authority that signs with a key; SOURCE is where its signatures lie, if not beside the image."""
    rule = {"data": pem, **({"hashAlgorithm": hash_algorithm} if hash_algorithm else {})}
    return {**({"name": name} if name else {}), "key": rule, **({"source": [source]} if source else {})}


def keyless(issuer, subject, trust_root=None, name=None, **more):
    """An authority that signs by certificate, with an entry in a log; TRUST_ROOT names whom both are of, if not
    Sigstore's public instance. MORE is more of the authority."""
    root = {"trustRootRef": trust_root} if trust_root else {}
    return {**({"name": name} if name else {}),
            "keyless": {"identities": [{"issuer": issuer, "subject": subject}], **root},
            **({"ctlog": root} if root else {}), **more}


def trust_root(name, document):
    """The TrustRoot of that NAME around a trusted_root.json."""
    return {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": name},
            "spec": {"trustedRootJSON": json.dumps(document)}}


def static(action, message=None):
    """An authority that decides without a signature."""
    return {"static": {"action": action, **({"message": message} if message else {})}}


def policy(name, glob, *authorities, mode=None):
    spec = {"images": [{"glob": glob}], "authorities": list(authorities)}
    if mode:
        spec["mode"] = mode
    return {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy",
            "metadata": {"name": name}, "spec": spec}


def node_policy(**spec):
    """What holds for the node: floor, deny, stopRunning."""
    return {"apiVersion": "policy.sigward.dev/v1alpha1", "kind": "NodePolicy",
            "metadata": {"name": "node"}, "spec": spec}


def _config(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "config-policy-controller", "namespace": "cosign-system"},
            "data": {name.replace("_", "-"): value for name, value in data.items()}}


def no_match(word):
    """The ConfigMap that says what happens to an image that no policy matches."""
    return _config(no_match_policy=word)


def transparency_url(url):
    """The ConfigMap that says where log entries are looked up that signatures do not carry along."""
    return _config(transparency_url=url)


def write(folder, documents):
    """Writes each document into a file of its own and removes what was there."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for document in documents:
        name = document["metadata"]["name"]
        (folder / f"{name}.yaml").write_text(json.dumps(document, indent=2))
