"""Whether annotators can be relied on, and what is done where they cannot."""
