from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _few_charts(few_charts: None) -> None:
    """Releases are looked at for their rows and files here, not for what is drawn of them."""
