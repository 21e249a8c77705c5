"""Accounts and sign-in of the sandbox: IBM Cloud IAM, account IAM, and clusters."""
