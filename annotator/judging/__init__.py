"""The life of an assignment, from the queue to the vote."""
