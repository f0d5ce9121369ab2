"""Plumbing that any site could have."""
