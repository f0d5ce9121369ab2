import pytest
from django.urls import reverse
from tests.browser.conftest import PHONE, WIDE
from tests.browser.test_languages import *  # noqa
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
def test_shots(open_page, member):
    for lang, locale in (("ar","ar-EG"),("de","de-DE"),("ja","ja-JP")):
        for name, size in (("wide",WIDE),("phone",PHONE)):
            for what, path in (("page",annotate_path(member)),("list",reverse("campaigns"))):
                page = open_page(member, path, viewport=size, locale=locale)
                if what=="page": open_card(page)
                page.screenshot(path=f"/tmp/i18n/{lang}-{what}-{name}.png")
        page = open_page(None, reverse("login"), viewport=WIDE, locale=locale); page.screenshot(path=f"/tmp/i18n/{lang}-login.png")
        page = open_page(member, annotate_path(member), viewport=WIDE, locale=locale); open_card(page); page.keyboard.press("?"); page.wait_for_timeout(300); page.screenshot(path=f"/tmp/i18n/{lang}-help.png")
