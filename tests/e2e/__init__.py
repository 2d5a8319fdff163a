"""End to end: a real containerd asks sigward about every pull."""
