"""The project's settings, with passwords that are checked at once: the people of the demo log in a dozen times."""

from annotator.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
