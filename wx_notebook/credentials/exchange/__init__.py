"""From a credential to an access token."""
