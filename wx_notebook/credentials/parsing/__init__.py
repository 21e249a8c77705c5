"""Credentials as people have them: IBM's dict, pasted text, files."""
