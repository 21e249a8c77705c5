"""The guard keeps API keys and access tokens out of files that people pass on.

Three features use it: the Jupyter server extension, before a notebook is written
(`wx_notebook.server`); the command `wx-notebook check`; and `%watsonx check`. They share:

* `matches`: what was found and where, but never the secret itself
* `fingerprints`, `patterns`, and `KnownSecretSearch` in `scan_text`: the ways to find a secret
* `scan_text`, `scan_notebook`: search a text or a notebook, or return it without its secrets
* `scan_files`, `scan_variables`: search files, folders, databases and a kernel's variables
* `kernel_fingerprints`, `reports`, `runtime_dir`: messages between kernels and Jupyter servers
* `notices`: what a kernel still has to show its user

Nothing here uses the network, IPython or a front end.
"""
