"""A slip in a panel's model is asked about; another model is not (E8)."""

from __future__ import annotations

from datetime import date

import pytest

from requests_app.eligibility import Facts, Outcome, Severity, judge
from requests_app.eligibility.panels import matches, near_miss
from requests_app.models import normalized_panel_model

LISTED = frozenset(
    {
        "MBED2040B200BF",
        "MBED2040B225BF",
        "MBED2040B200BFN",
        "MBED2040B225BFN",
        "MBED2040B200BS",
        "MBE1836B125BS",
        "MBE1836B125BF",
        "MBED3042B200BF",
        "MBED3042B200BF6",
        "MBED3042B200PV",
    }
)
DAY = date(2026, 12, 8)

MEANT = {
    "MBED2O40B200BF": "MBED2040B200BF",  # the letter O
    "MBED2040B2OOBF": "MBED2040B200BF",  # twice
    "mbed-2o4o-b2oo-bf": "MBED2040B200BF",
    "MBEDZ040B200BF": "MBED2040B200BF",
    "MBE I836 B125 BF": "MBE1836B125BF",
    "MBEl836B125BS": "MBE1836B125BS",
    "MBED30428200PV": "MBED3042B200PV",  # 8 for B
    "M8ED2040B225BF": "MBED2040B225BF",
    "MBED2040B200B5": "MBED2040B200BS",
    "MBE1836B12SBF": "MBE1836B125BF",
    "MBED204B200BF": "MBED2040B200BF",  # one left out
    "BED3042B200PV": "MBED3042B200PV",
    "MBED3042B200P": "MBED3042B200PV",
    "MBED2040BB200BF": "MBED2040B200BF",  # one too many
    "MBED20400B225BF": "MBED2040B225BF",
    "MBED2040B200BTS": "MBED2040B200BS",
    "MBDE2040B200BS": "MBED2040B200BS",  # swapped
    "MBED3024B200PV": "MBED3042B200PV",
    "MBED2O4B200BF": "MBED2040B200BF",  # two kinds of slip
    "MVED2040B200BS": "MBED2040B200BS",  # the next key
    "EATON MBED2040B200BF": "MBED2040B200BF",  # the maker's name
    "Eaton MBED2O40B200BF": "MBED2040B200BF",
    "MBED2O40B225BF-X7": "MBED2040B225BF",  # a slip, then a suffix
    "MBDE3042B200PV rev 2": "MBED3042B200PV",
}
OTHERS = [
    "QO-200",
    "HOM3060M200PCVP",
    "SC2040M200PS",
    "MC3042S1200SC",
    "TSMR420CSFLT",
    "MBED3042B200BTS",  # another socket
    "MBED2040B100BF",  # another size
    "MBED4040B200BF",  # another number of spaces
    "MBED3060B200BF",
    "MBX2040B200BTS",
    "MBE2040PV200BTS",
    "MBT48B3200BTS",
    "CMBE4040B200BTS",
    "BRP20B200",
    "MBED",
    "200",
    "-",
    "",
    "B",
    "unknown",
]  # fmt: skip


@pytest.mark.parametrize(("typed", "listed"), MEANT.items())
def test_slip_names_the_model_that_was_meant(typed, listed):
    assert near_miss(typed, LISTED) == listed


@pytest.mark.parametrize("typed", OTHERS)
def test_other_model_raises_no_question(typed):
    assert near_miss(typed, LISTED) == ""


@pytest.mark.parametrize("listed", sorted(LISTED))
def test_listed_model_is_no_near_miss(listed):
    spelled = f" {listed[:4].lower()}-{listed[4:]} x9 "
    assert (matches(spelled, LISTED), near_miss(spelled, LISTED)) == (True, "")


def test_short_listed_model_is_matched_but_never_guessed_at():
    assert (matches("QO200-x", {"QO200"}), near_miss("QO20", {"QO200"})) == (True, "")


def facts(**more):
    return Facts(request_type="install", incompatible_panels=LISTED, **more)


def e8(verdict):
    return [
        (finding.severity, finding.field, finding.suggestion) for finding in verdict.findings if finding.rule == "E8"
    ]


@pytest.mark.parametrize("clips", [None, False])
def test_near_miss_is_a_question_whatever_was_said_of_the_clips(clips):
    verdict = judge(facts(panel_model="MBED2O40B200BF", double_sided_clips=clips), on=DAY)
    assert e8(verdict) == [(Severity.FIXABLE, "panel_model", "MBED2040B200BF")]
    assert verdict.findings[0].message.startswith("Did you mean MBED2040B200BF?")


def test_near_miss_is_not_asked_where_clips_rule_the_panel_out_anyway():
    verdict = judge(facts(panel_model="MBED2O40B200BF", double_sided_clips=True), on=DAY)
    assert e8(verdict) == [(Severity.BLOCKS, "double_sided_clips", "")]


def test_confirmed_model_is_not_asked_about():
    verdict = judge(facts(panel_model="MBED2O40B200BF", panel_model_confirmed=True), on=DAY)
    assert e8(verdict) == []


def test_confirming_does_not_help_a_listed_model():
    verdict = judge(facts(panel_model="MBED2040B200BF", panel_model_confirmed=True), on=DAY)
    assert (e8(verdict), verdict.outcome) == ([(Severity.BLOCKS, "panel_model", "")], Outcome.NOT_ELIGIBLE)


def test_normalizing_keeps_letters_and_digits_alone():
    assert normalized_panel_model(" mbed-2040 b200/bf ") == "MBED2040B200BF"
