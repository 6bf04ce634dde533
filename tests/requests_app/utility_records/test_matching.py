"""The matcher over the labelled pairs, and where no label reaches."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from requests_app.utility_records.matching import (
    Match,
    Reason,
    Verdict,
    match_account_number,
    match_address,
    match_meter_kind,
    match_meter_number,
    match_name,
    match_service_class,
    match_words,
)
from tests.requests_app.utility_records import draw_pairs, pairs

SHA256 = "1aace7d1b5f0bfd5484a8aaec554d1a754c64a9f945c3ae2ee44bb2b69b8b351"

TEXT = st.text(alphabet=st.sampled_from("abeilnorst ABELN123 &,.-'#/½éüßØ"), max_size=24)


def test_pairs_are_the_ones_committed_before_the_matcher():
    assert hashlib.sha256(pairs.FILE.read_bytes()).hexdigest() == SHA256


def test_pairs_are_2000_of_five_kinds_each_with_every_label_and_none_twice():
    rows = pairs.labelled()
    assert Counter(pair.kind for pair in rows) == draw_pairs.COUNTS
    assert len({pair[:3] for pair in rows}) == len(rows) == 2000
    assert {(pair.kind, pair.label) for pair in rows} == {
        (kind, label) for kind in draw_pairs.COUNTS for label in ("equal", "equivalent", "different")
    }


def test_pairs_can_be_drawn_again():
    assert draw_pairs.draw() == pairs.labelled()


@pytest.mark.parametrize("kind", list(draw_pairs.COUNTS))
def test_fewer_than_one_in_a_hundred_of_a_kind_is_judged_wrongly(kind):
    rows = [pair for pair in pairs.labelled() if pair.kind == kind]
    assert len(pairs.wrong(rows)) * 100 < len(rows)


def test_fewer_than_one_in_a_hundred_of_the_hold_out_is_judged_wrongly():
    rows = pairs.hold_out()
    assert not {pair[:3] for pair in rows} & {pair[:3] for pair in pairs.labelled()}
    assert len(pairs.wrong(rows)) * 100 < len(rows)


def test_whatever_agrees_in_other_words_or_differs_says_why():
    matches = [pairs.judged(pair) for pair in pairs.labelled()]
    assert {bool(match.reasons) for match in matches if match.verdict != Verdict.EQUAL} == {True}
    assert {match.reasons for match in matches if match.verdict == Verdict.EQUAL} == {()}


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "reasons"),
    [
        ("Robert Hale Jr", "HALE, ROBERT SR", "different", ("other_suffix",)),
        ("Robert Hale", "HALE, ROBERT J & ALICE", "equivalent", ("one_of_several", "middle_left_out")),
        ("Bob Hale", "Robert Hale", "equivalent", ("short_name",)),
        ("Robert Hale", "Roberta Hale", "different", ("other_person", "nearly")),
        ("Robert James Hale", "Robert James", "different", ("other_family",)),
        ("Do Tran", "Tran, Do", "equivalent", ("order",)),
        ("王小明", "王小明", "equal", ()),
        ("", "Robert Hale", "different", ("other_holder",)),
    ],
)
def test_names(ours, theirs, verdict, reasons):
    match = match_name(ours, theirs)
    assert (match.verdict, tuple(str(reason) for reason in match.reasons)) == (verdict, reasons)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "reason"),
    [
        (("12 Mountain View Ave", ""), ("12 MTN VW AVENUE", ""), "equivalent", "abbreviation"),
        (("12 North St", ""), ("12 N ST", ""), "equivalent", "abbreviation"),
        (("12 Oak St Bldg 2 Apt 4", ""), ("12 Oak St", "#24"), "different", "other_unit"),
        (("12 Oak St", "Rear"), ("12 Oak St", ""), "different", "unit_left_out"),
        (("1234 Twenty-First St", ""), ("1234 21st Street", ""), "equivalent", "abbreviation"),
    ],
)
def test_addresses(ours, theirs, verdict, reason):
    match = match_address(ours, theirs)
    assert (match.verdict, match.reasons[0]) == (verdict, reason)


def test_city_and_account_number_differ_by_their_marks_at_most():
    assert match_words("Cañon City", "CANON CITY").verdict == Verdict.EQUIVALENT
    assert match_words("Monrovia", "Monrovai") == Match(Verdict.DIFFERENT, (Reason.NEARLY,))
    assert match_account_number("7001 2345", "70012345").verdict == Verdict.EQUIVALENT
    assert match_account_number("70012345", "70012354").verdict == Verdict.DIFFERENT


def test_meter_of_zeros_alone_is_not_any_meter():
    assert match_meter_number("O0", "1").verdict == Verdict.DIFFERENT


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT)
def test_sides_do_not_matter_and_nothing_breaks_a_matcher(one, other):
    def address(ours: str, theirs: str) -> Match:
        return match_address((ours, ""), (theirs, ""))

    for match in (match_name, address, match_meter_number, match_service_class, match_meter_kind):
        assert match(one, other).verdict == match(other, one).verdict
        assert match(one, one).verdict == Verdict.EQUAL
