"""Pages of the site as a program reads them."""

from __future__ import annotations

from annotator.demo.pages import Page


def test_a_form_is_found_by_the_end_of_its_action_and_by_a_field():
    page = Page(
        """<form action="/logout/"><input name="token" value="1"></form><input name="stray">
        <form action="/login/"><input name="token" value="2"><input name="password"><input></form>
        <form><button name="state" value="open"></form>"""
    )

    log_in = page.form(with_field="password")
    assert log_in is not None
    assert (log_in.action, log_in.fields) == ("/login/", {"token": "2", "password": ""})
    assert page.form("/logout/") == page.forms[0]
    assert page.form("/login/", with_field="username") is None
    assert page.form(with_field="stray") is None
    assert page.forms[2].buttons == [("state", "open")]


def test_a_card_has_the_prompt_of_its_first_heading_and_its_own_images():
    page = Page(
        """<img src="/logo.svg"><h1>Campaign</h1>
        <article data-assignment="7"><h1>A <b>red</b> cube</h1><h1>Not this</h1><img src="/1/"></article>
        <article data-assignment="8"><h1>Two</h1><div data-slot="a"><img src="/2/"></div></article>"""
    )

    assert [(card.assignment, card.prompt, card.images, card.slots) for card in page.cards] == [
        (7, "A red cube", ["/1/"], []),
        (8, "Two", ["/2/"], ["a"]),
    ]


def test_the_last_reason_and_refusal_count():
    page = Page('<p data-reason="paused"></p><p data-refused="lease_expired"></p><p data-reason="seen_all"></p>')

    assert (page.reason, page.error) == ("seen_all", "lease_expired")
    assert Page("<p>Nothing</p>").reason == ""


def test_a_page_is_read_as_it_is_shown():
    page = Page(
        """<html><h1>Scenes</h1><article data-assignment="7"><h1>A red circle &amp; a star</h1>
        <div data-slot="b"><img src="/images/1/640/"></div><div data-slot="a"><img src="/images/2/640/"></div></article>
        <article data-assignment="8"><h1>A cube</h1></article>
        <form action="/assignments/7/vote/"><input name="csrfmiddlewaretoken" value="t">
        <button name="choice" value="b">Left</button><button name="choice" value="a">Right</button>
        <button type="button">Zoom</button></form>
        <form action="/assignments/7/skip/"><button>Skip</button></form></html>"""
    )
    card, following = page.cards
    vote = page.form("/vote/")

    assert page.is_whole
    assert (card.assignment, card.prompt) == (7, "A red circle & a star")
    assert card.images == ["/images/1/640/", "/images/2/640/"]
    assert card.slots == ["b", "a"]
    assert (following.assignment, following.prompt) == (8, "A cube")
    assert vote is not None
    assert vote.fields == {"csrfmiddlewaretoken": "t"}
    assert vote.buttons == [("choice", "b"), ("choice", "a")]
    assert page.form("/skip/") is not None
    assert page.form("/log-in/") is None


def test_a_piece_of_a_page_is_known_as_one():
    page = Page('<article class="state" data-reason="seen_all"></article><p data-refused="lease_expired">Too late.</p>')

    assert not page.is_whole
    assert (page.cards, page.reason, page.error) == ([], "seen_all", "lease_expired")


def test_what_stands_in_a_template_is_not_on_the_page():
    page = Page(
        '<template><article data-assignment="0"><img src="/address/640/"></article></template><form action="/skip/"></form>'
    )

    assert page.cards == []
    assert page.form("/skip/") is not None
