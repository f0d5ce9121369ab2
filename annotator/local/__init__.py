"""Everything on one machine: embedded servers and the supervisor."""
