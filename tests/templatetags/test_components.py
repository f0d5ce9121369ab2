"""The components of the console: what they are given is escaped, and what is missing is left out."""

from __future__ import annotations

from django.template import engines


def rendered(text: str, **values: object) -> str:
    template = engines["django"].from_string("{% load components %}" + text)
    return " ".join(template.render(values).split())


def test_a_card_is_named_by_its_heading_or_a_label():
    card = rendered("{% card title=title %}<p>{{ words }}</p>{% endcard %}", title="Open <seats>", words="a & b")

    assert '<h2 id="open-seats-title">Open &lt;seats&gt;</h2>' in card
    assert 'aria-labelledby="open-seats-title"' in card
    assert "<p>a &amp; b</p>" in card
    assert 'aria-label="State"' in rendered('{% card label="State" %}{% endcard %}')


def test_a_page_head_has_what_it_is_given():
    head = rendered('{% page_head title="People" note="All of them." count=7 %}<a href="/">Add</a>{% endpage_head %}')

    assert '<h1> People <small class="soft">7</small> </h1>' in head
    assert '<div class="page-head-acts"><a href="/">Add</a></div>' in head
    assert "page-head-acts" not in rendered('{% page_head title="People" %}{% endpage_head %}')


def test_an_empty_state_says_what_to_do_next():
    empty = rendered('{% empty_state title="No pairs yet" icon="pairs" %}<a href="/">Import</a>{% endempty_state %}')

    assert "No pairs yet" in empty
    assert '<a href="/">Import</a>' in empty
    assert "<svg" in empty


def test_a_filter_bar_shows_the_way_back_where_it_narrows_down():
    assert "Show all" in rendered("{% filter_bar is_filtered=True %}{% endfilter_bar %}")
    assert "Show all" not in rendered("{% filter_bar %}{% endfilter_bar %}")


def test_a_dialog_opens_and_closes_without_a_script():
    dialog = rendered('{% dialog id="sure" title="Sure?" opener="Delete" kind="danger" %}<p>It goes.</p>{% enddialog %}')

    assert dialog.count('popovertarget="sure"') == 2
    assert 'class="button small danger"' in dialog
    assert 'role="dialog" aria-labelledby="sure-title"' in dialog


def test_plain_components():
    stat = rendered('{% include "manage/components/_stat.html" with name="Votes" value=7 about="What came." %}')
    assert '<dd class="stat-about soft">What came.</dd>' in stat
    badge = rendered('{% include "manage/components/_badge.html" with kind="done" text="Well" %}')
    assert badge.endswith('<span class="badge done">Well</span>')
