"""The project's database backend, emptied fast between tests: see base.py."""
