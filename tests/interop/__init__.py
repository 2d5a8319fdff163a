"""Evidence made by other programs (cosign, oras, openssl), judged by `sigward verify`."""
