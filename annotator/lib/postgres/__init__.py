"""Django's PostgreSQL backend, with what the way of a vote needs: see base.py."""
