"""A whole lifecycle through the services asks at most three queries for each row that it writes."""

from __future__ import annotations

import pytest

from tests.benchmarks import lifecycle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_whole_lifecycle_asks_at_most_three_queries_a_written_row():
    """Rows are counted in the tables: seven answers are one INSERT. The walk's people and product are there before."""
    bare, live = lifecycle.cases()
    for case in (bare, live):
        case.warm_up()
    assert live.rows == bare.rows == 47  # a row for each of the two staff decisions among them
    assert 30 < bare.queries < live.queries <= 3 * live.rows
