"""Reads the site's pages as a browser does: what is shown, and the forms with their buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)  # name and value, in their order on the page


@dataclass
class Card:
    """A pair in the page: its images and what a vote for each of them posts, left first."""

    assignment: int
    prompt: str = ""
    slots: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Cards, forms and what is marked for programs, in the order of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.is_whole = False  # and not a piece of a page
        self.cards: list[Card] = []
        self.forms: list[Form] = []
        self.reason = ""  # why there is nothing to judge
        self.error = ""  # why an answer was not taken
        self._reads_prompt = False
        self._is_in_form = False
        self._is_inert = False  # in a template, which scripts fill and nobody sees
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_inert = self._is_inert or tag == "template"
        if self._is_inert:
            return
        if tag == "html":
            self.is_whole = True
        elif tag == "form":
            self.forms.append(Form(values.get("action", "")))
            self._is_in_form = True
        elif tag == "input" and self._is_in_form and "name" in values:
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "button" and self._is_in_form and values.get("type") != "button":
            self.forms[-1].buttons.append((values.get("name", ""), values.get("value", "")))
        elif "data-assignment" in values:
            self.cards.append(Card(int(values["data-assignment"])))
        elif self.cards:
            self._read_card(self.cards[-1], tag, values)
        self.reason = values.get("data-reason", self.reason)
        self.error = values.get("data-refused", self.error)

    def _read_card(self, card: Card, tag: str, values: dict[str, str]) -> None:
        if tag == "h1":
            self._reads_prompt = not card.prompt
        elif tag == "img":
            card.images.append(values.get("src", ""))
        elif "data-slot" in values:
            card.slots.append(values["data-slot"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._is_inert = False
        elif tag == "form":
            self._is_in_form = False
        elif tag == "h1":
            self._reads_prompt = False

    def handle_data(self, data: str) -> None:
        if self._reads_prompt:
            self.cards[-1].prompt += data

    def form(self, ending: str = "", *, with_field: str = "") -> Form | None:
        """The first form whose action has this ending and that has this field."""
        for form in self.forms:
            if form.action.endswith(ending) and (not with_field or with_field in form.fields):
                return form
        return None
