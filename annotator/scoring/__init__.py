"""What the votes amount to: consensus, settled pairs, progress and statistics."""
