"""Puts a signature beside its image in a registry."""
from .. import images, signing

FORMS = ("legacy", "bundle")


def publish(registry, repository, image, sigstore, recipe, form):
    """Signs IMAGE, which lies in REPOSITORY, as RECIPE says and in one of FORMS."""
    media_type, data = image.manifests[image.top]
    if form == "legacy":
        said = signing.payload(image.top)
        layers = [(said, recipe.annotations(sigstore, said))]
        registry.push(repository, signing.legacy_tag(image.top), signing.legacy_image(layers))
    else:
        bundle = recipe.bundle(sigstore, signing.statement(image.top), signing.IN_TOTO)
        signing.attach_bundle(registry, repository, images.descriptor(data, media_type), images.encode(bundle))
