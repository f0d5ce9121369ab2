"""The password of the users who exist on this machine while it measures."""

PASSWORD = "only for measuring"
