"""The requests of a company, which another app keeps: counted, handed to a colleague, given back to customers.

That app registers what it does when it is ready; each call is made in the transaction of the change to the company.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from msa_portal.accounts.models import Company, User


@dataclass(frozen=True)
class OpenRequest:
    """`has_account`: its customer follows it with an account, so the company can give it back to them."""

    reference: str
    url: str
    has_account: bool


class CompanyWork(Protocol):
    def count_open(self, company: Company, person: User) -> int:
        """The company's open requests whose agent of record that person is."""

    def open_requests(self, company: Company) -> list[OpenRequest]:
        """All that the company acts on."""

    def check_may_join(self, company: Company, person: User) -> None:
        """Raises `Refused` where the person is a customer of the company."""

    def hand_on(self, company: Company, *, leaver: User, to: User, by: User) -> int:
        """`to` is agent of record in the leaver's place, and gets the email that waits for them. How many are open."""

    def give_back(self, company: Company, *, by: User) -> int:
        """The company acts for nobody anymore: its customers with an account go on alone. How many were told."""


_work: list[CompanyWork] = []


def register(work: CompanyWork) -> None:
    if work not in _work:
        _work.append(work)


def count_open(company: Company, person: User) -> int:
    return sum(work.count_open(company, person) for work in _work)


def open_requests(company: Company) -> list[OpenRequest]:
    return [request for work in _work for request in work.open_requests(company)]


def check_may_join(company: Company, person: User) -> None:
    for work in _work:
        work.check_may_join(company, person)


def hand_on(company: Company, *, leaver: User, to: User, by: User) -> int:
    return sum(work.hand_on(company, leaver=leaver, to=to, by=by) for work in _work)


def give_back(company: Company, *, by: User) -> int:
    return sum(work.give_back(company, by=by) for work in _work)
