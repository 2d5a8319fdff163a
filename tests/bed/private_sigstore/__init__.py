"""A Sigstore of the test's own, in memory: a certificate authority like Fulcio's, a certificate log, Rekor v1 and
v2, a time-stamp authority, and the evidence that they make together. Times are arguments; so is every fault."""
