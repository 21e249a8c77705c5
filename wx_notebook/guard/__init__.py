"""The guard: keys and tokens do not get into files that are passed on.

Three ways lead here: the Jupyter server, before it writes a notebook (`wx_notebook.server`); the
command `wx-notebook check`; and `%watsonx check`. What they share:

* `hits`: what was found and where, never the thing itself
* `fingerprints`, `named`, `tokens`, `patterns`: four ways to find a secret in a text
* `texts`, `documents`: one text, a notebook's document; searched, or given back without it
* `folder`, `handover`, `reports`: what a kernel tells the server, and the server the user
* `files`, `databases`, `variables`: where else a key may lie

Nothing here knows the network, IPython or a front end.
"""
