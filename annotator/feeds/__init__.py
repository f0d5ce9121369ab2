"""What leaves by itself: the outbox, webhooks and the feed of votes."""
