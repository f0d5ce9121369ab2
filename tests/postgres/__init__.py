"""Diptych's own database backend, which empties the tests' database quickly: see base.py."""
