"""Measures the budgets of the create gate on the bed of tests/bed. Run by scripts/bench, not by CTest.

Whatever is compared runs in alternating pairs in one run, each pair in the other order than the one
before, so that the noise of a shared machine meets both.
"""
