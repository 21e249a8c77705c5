"""Stands before the package of this name for all processes that the tests start.

jsonschema loads it, where it is installed, to check IRIs, and nobody here asks for that check. It
builds its grammar when it is imported: 2 of the 2.2 seconds of CPU that `import nbformat` takes,
and so of each Jupyter server (rfc3987-syntax 1.1).
"""

raise ImportError("not for the tests")
