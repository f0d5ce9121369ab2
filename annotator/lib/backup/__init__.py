"""A backup of an installation: one file with its database and its stored files, each with a checksum.

`archive.py` is the file, `postgres_tools.py` moves the database, `contents.py` says what a backup is of. The commands
`backup` and `restore` put them together.
"""
