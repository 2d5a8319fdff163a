"""A private test bed: registry, containerd, sigward and the programs that sign, all in one folder.

Nothing is installed and nothing outside the folder is touched; close() ends every process.
"""
