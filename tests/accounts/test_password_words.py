from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError


@pytest.fixture(autouse=True)
def site(settings):
    settings.ALLOWED_HOSTS = ["pictures.example.org"]
    settings.HUB_NAMESPACE = "studio"


@pytest.mark.parametrize("password", ["Diptych-Diptych-1", "annotator password!", "PICTURES.example.1", "studio-images-2026"])
def test_a_password_of_words_that_all_would_guess_is_refused(password):
    with pytest.raises(ValidationError, match="beside words that others would guess here"):
        validate_password(password)


@pytest.mark.parametrize("password", ["a long new phrase", "correct horse battery", "diptych and seven bears"])
def test_one_that_is_long_without_them_is_not(password):
    validate_password(password)
