"""Credentials: secrets, where they come from, where they may be sent, and their access tokens.

Only `Secret` is imported with the package, because a key is wrapped before anything else happens.
The other names are imported from their modules, most of which need the HTTP library.
"""

from wx_notebook.credentials.secret import Secret

__all__ = ["Secret"]
