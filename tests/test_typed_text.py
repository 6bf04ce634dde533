"""Every field that holds text is tried with text that would act, or is listed with the reason why nobody types it."""

from __future__ import annotations

import pytest

from tests import typed_text

UNTYPED = {name for names in typed_text.NOT_TYPED.values() for name in names}


def test_each_text_field_is_tried_or_listed() -> None:
    forgotten = [
        f"{model}.{name}"
        for model, name in typed_text.text_fields()
        if name not in typed_text.TYPED.get(model, ())
        and name not in UNTYPED
        and f"{model}.{name}" not in typed_text.NOT_TYPED_HERE
    ]
    assert forgotten == []


def test_lists_name_fields_that_exist() -> None:
    places = set(typed_text.text_fields())
    listed = {(model, name) for model, names in typed_text.TYPED.items() for name in names}
    listed |= {(model, name) for model, _, name in (place.rpartition(".") for place in typed_text.NOT_TYPED_HERE)}
    assert listed - places == set()
    assert {name for _model, name in places} >= UNTYPED


@pytest.mark.parametrize("longest", [None, 300, 80, 30, 12, 8])
def test_text_shows_where_it_is_not_escaped(longest: int | None) -> None:
    text = typed_text.hostile(1, longest)
    assert typed_text.acting(f"<p>{text}</p>")
    assert typed_text.acting(f"<p title='{text}'>") or longest == 8
    assert typed_text.acting("<p>zq-y&gt;49</p>")


def test_escaped_text_is_only_text() -> None:
    assert typed_text.acting("<p title='&quot;&lt;zq-x zq-a&gt;'>&lt;zq-x onclick=zqRan()&gt;</p>") == []
    assert typed_text.acting("<a href='javascript:zqRan()'>x</a>") != []
