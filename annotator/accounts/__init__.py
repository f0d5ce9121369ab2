"""Accounts: log-in, lockout and API tokens."""
