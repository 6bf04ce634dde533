"""A request's case: the related rows that the rules read, fetched once for all requests loaded together.

docs/adr/0026-one-loader.md says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.apps import apps
from django.db.models import (
    CharField,
    Exists,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    prefetch_related_objects,
)
from django.db.models.functions import Cast, Concat
from django.utils.functional import cached_property

from msa_portal import writes
from msa_portal.accounts.models import User
from msa_portal.db import KnowsItsRow, is_held
from msa_portal.prepared import Prepared
from requests_app.enums import AgreementState, DecisionState, Party, VisitOutcome
from requests_app.models.accounts import on_account_in_use, others_on_account
from requests_app.models.agreement import Agreement, Signature
from requests_app.models.decisions import StaffDecision
from requests_app.models.documents import Document
from requests_app.models.events import RequestEvent
from requests_app.models.readiness import ReadinessStatement
from requests_app.models.screening import Correction, Screening
from requests_app.models.visits import FollowUp, VisitRound

if TYPE_CHECKING:
    from requests_app.models.request import MSARequest

# The database allows at most one of each per request, so they are joined to the request's own row.
JOINED = {
    "current_agreement": FilteredRelation("agreements", condition=~Q(agreements__state=AgreementState.SUPERSEDED)),
    "standing_statement": FilteredRelation(
        "readiness_statements", condition=Q(readiness_statements__superseded_at__isnull=True)
    ),
    "waiting_follow_up": FilteredRelation(
        "follow_ups", condition=Q(follow_ups__completed_at__isnull=True, follow_ups__canceled_at__isnull=True)
    ),
    "waiting_decision": FilteredRelation("staff_decisions", condition=Q(staff_decisions__state=DecisionState.WAITING)),
}
SELECTED = (
    *("owner", "agent", "agent_company", "authority", "device"),
    *("current_agreement", "standing_statement__stated_by", "waiting_follow_up", "waiting_decision__decided_by"),
)
# The same for one request under its lock, for services that decide and write.
_JOINED_UNDER_LOCK = JOINED | {
    "open_visit_round": FilteredRelation("rounds", condition=Q(rounds__closed_at__isnull=True)),
    "undecided_screening": FilteredRelation("screenings", condition=Q(screenings__decided_at__isnull=True)),
}
_PEOPLE_AND_DEVICE = ("owner", "agent", "agent_company", "authority", "device")
_SELECTED_UNDER_LOCK = (
    *_PEOPLE_AND_DEVICE,
    *("current_agreement__document", "current_agreement__wording", "standing_statement__stated_by"),
    *("waiting_follow_up", "open_visit_round", "undecided_screening__taken_by", "waiting_decision__decided_by"),
)
# Columns that modules above add to the same query, for what belongs to no request in particular.
BESIDE: dict[str, Any] = {}
ON_ACCOUNT_IN_USE = "is_on_account_in_use"
_KEPT = "_case_%s"  # the attribute that keeps a request's rows of one relation
OF_ITS_PAGE = ("current_agreement__document", "current_agreement__executed_document")


class Link(NamedTuple):
    """What the next event of a request's chain follows."""

    sequence: int
    digest: str
    holder: str


class UnderLock:
    """What one query reads of a request whose lock is held: nobody else writes to these rows until it's released.

    The query runs after the lock is taken. As part of the locking query, PostgreSQL would return joined rows as
    they were before the wait. A relation is read again once this connection has written to its table.
    """

    def __init__(self, msa_request: MSARequest) -> None:
        self._msa_request = msa_request
        self._rows_by_name: dict[str, Any] = {}
        self._read_at: dict[str, writes.Mark] = {}
        self._row: Any = None

    @property
    def row(self) -> Any:
        """The request's row with the relations joined to it, and the columns of `BESIDE`."""
        if self._row is None:
            self._load()
        return self._row

    def _load(self) -> None:
        msa_request = self._msa_request
        row: Any = _UNDER_LOCK.get(msa_request.pk)
        for name in _PEOPLE_AND_DEVICE:
            if getattr(msa_request, f"{name}_id") == getattr(row, f"{name}_id"):
                msa_request._state.fields_cache.setdefault(name, getattr(row, name))
        relations = {name: getattr(row, name, None) for name in _TABLES} | {"last_link": _link(row.last_link)}
        for name, related in relations.items():
            self.keep(name, related)
        self._row = row

    def known(self, name: str) -> Any:
        """The row that was read last for that relation; None if none was, or another object wrote to its table since."""
        row = self._rows_by_name.get(name)
        return row if isinstance(row, KnowsItsRow) and row.knows_its_row else None

    def keep(self, name: str, related: Any) -> None:
        """Store what the database holds now."""
        if isinstance(related, KnowsItsRow):
            related.note_row()
        self._rows_by_name[name], self._read_at[name] = related, writes.mark(_TABLES[name])

    def one(self, name: str, otherwise: Callable[[], Any]) -> Any:
        """That relation, read again by `otherwise` if its table has been written to since."""
        if self._row is None and name not in self._rows_by_name:
            self._load()
        if self._read_at[name] != writes.mark(_TABLES[name]):
            self.keep(name, otherwise())
        return self._rows_by_name[name]


def computed() -> dict[str, Any]:
    """What the database answers about each request, in the query that fetches it."""
    return {ON_ACCOUNT_IN_USE: on_account_in_use()}


def _rows_under_lock() -> QuerySet[Any]:
    last = RequestEvent.objects.filter(msa_request=OuterRef("pk")).order_by("-sequence")
    link = Concat(Cast("sequence", CharField()), Value(" "), "digest", Value(" "), "holder")
    requests = apps.get_model("requests_app", "MSARequest")._default_manager
    rows = requests.annotate(
        **_JOINED_UNDER_LOCK, **BESIDE, **computed(), last_link=Subquery(last.values(link=link)[:1])
    )
    return rows.select_related(*_SELECTED_UNDER_LOCK).only("pk", *_PEOPLE_AND_DEVICE)


_UNDER_LOCK = Prepared(_rows_under_lock)


def _link(text: str | None) -> Link | None:
    if not text:
        return None
    sequence, digest, holder = text.split(" ")
    return Link(int(sequence), digest, holder)


_TABLES = {
    "current_agreement": Agreement._meta.db_table,
    "standing_statement": ReadinessStatement._meta.db_table,
    "waiting_follow_up": FollowUp._meta.db_table,
    "open_visit_round": VisitRound._meta.db_table,
    "undecided_screening": Screening._meta.db_table,
    "last_link": RequestEvent._meta.db_table,
    ON_ACCOUNT_IN_USE: "requests_app_msarequest",
    "waiting_decision": StaffDecision._meta.db_table,
}


class Loaded:
    """What the requests of one `with_case()` share: related rows and settings, read once for all of them."""

    def __init__(
        self, rows: Sequence[MSARequest], *, whole: bool, already_read: Mapping[Callable[[], Any], Any]
    ) -> None:
        self.rows, self.whole = rows, whole
        self._fetched: set[str] = set()
        self._read = dict(already_read)

    def fetch(self, name: str, query: QuerySet[Any]) -> None:
        """Kept apart from the manager of that name, so that `all()` still asks the database."""
        prefetch_related_objects(self.rows, Prefetch(name, query, to_attr=_KEPT % name))
        self._fetched.add(name)

    def has(self, name: str) -> bool:
        return name in self._fetched

    def fetch_signatures(self) -> None:
        if "signatures" not in self._fetched:
            agreements = [row.case.agreement for row in self.rows if row.case.agreement]
            rows = Signature.objects.order_by("pk")
            prefetch_related_objects(
                agreements, Prefetch("signatures", rows.select_related("user") if self.whole else rows)
            )
            self._fetched.add("signatures")

    def fetch_rounds(self) -> None:
        """Together with the reasons why visits failed."""
        if not self.has("rounds"):
            self.fetch("rounds", VisitRound.objects.order_by("number"))
            visits = (visit for row in self.rows for visit in getattr(row, _KEPT % "rounds"))
            prefetch_related_objects(
                [visit for visit in visits if visit.outcome == VisitOutcome.UNSUCCESSFUL], "reasons"
            )

    def once[T](self, read: Callable[[], T]) -> T:
        if read not in self._read:
            self._read[read] = read()
        return cast("T", self._read[read])


class Case:
    """One request's related rows, as the rules read them.

    For a request that `with_case()` loaded, each relation stays as it was first read: services that write
    read the request again, under its lock. For any other request, `MSARequest.case` returns a new case at
    each call, which reads a relation when asked. While the request's lock is held, one query reads them
    all, and each stays until this connection writes to its table (`UnderLock`).
    """

    def __init__(self, msa_request: MSARequest, loaded: Loaded | None = None) -> None:
        self.msa_request = msa_request
        self._loaded = loaded
        self.under_lock: UnderLock | None = None
        if loaded is None and not msa_request._state.adding and is_held(msa_request):
            self.under_lock = vars(msa_request).setdefault("_under_lock", UnderLock(msa_request))
        self._judged: dict[Callable[[MSARequest], Any], Any] = {}

    def once[T](self, read: Callable[[], T], *, otherwise: Callable[[], T] | None = None) -> T:
        """What `read` returns (settings, panels), asked once for all requests loaded together.

        For a request that was loaded alone, it's what `otherwise` returns, which may read less.
        """
        return self._loaded.once(read) if self._loaded else (otherwise or read)()

    def judged[T](self, rule: Callable[[MSARequest], T]) -> T:
        """What a pure rule says about the request, computed once if the case is kept."""
        if self._loaded is None:
            self.read_ahead()
            return rule(self.msa_request)
        if rule not in self._judged:
            self._judged[rule] = rule(self.msa_request)
        return cast("T", self._judged[rule])

    def now_has(self, **rows: Any) -> None:
        """The caller just wrote these rows under the request's lock: keep them, so that they aren't read again."""
        if self.under_lock:
            for name, row in rows.items():
                self.under_lock.keep(_NAMES[name], row)

    @property
    def last_link(self) -> Link | None:
        """The end of the chain of events; None if there are none yet."""

        def read() -> Link | None:
            rows = RequestEvent.objects.filter(msa_request=self.msa_request).order_by("-sequence")
            last = rows.values_list("sequence", "digest", "holder").first()
            return Link(*last) if last else None

        return self.under_lock.one("last_link", read) if self.under_lock else read()

    @property
    def agreement(self) -> Agreement | None:
        """The version that is not superseded."""
        rows = Agreement.objects.current().select_related("document", "wording")
        return cast("Agreement | None", self._one("current_agreement", rows))

    @property
    def signatures(self) -> list[Signature]:
        """Under the current agreement."""
        self.read_ahead()
        return list(self.agreement.signatures.all()) if self.agreement else []

    @property
    def waited_for(self) -> list[Party]:
        """Who has yet to sign the current agreement."""
        self.read_ahead()
        return self.agreement.waited_for if self.agreement else []

    def read_ahead(self) -> None:
        """Fetch who signed for all requests at once, so that a page asks as often whatever waits on it.

        Under a lock: all that a rule may ask for, in one query.
        """
        if self._loaded:
            self._loaded.fetch_signatures()
        elif self.under_lock:
            _ = self.under_lock.row

    @property
    def statement(self) -> ReadinessStatement | None:
        """The current promise to fix open findings before the visit, if there is one."""
        rows = ReadinessStatement.objects.current().select_related("stated_by")
        return cast("ReadinessStatement | None", self._one("standing_statement", rows))

    @property
    def follow_up(self) -> FollowUp | None:
        """The reschedule or modification that is saved but not complete yet."""
        rows = FollowUp.objects.filter(completed_at__isnull=True, canceled_at__isnull=True).select_related("round")
        return cast("FollowUp | None", self._one("waiting_follow_up", rows))

    @cached_property
    def rounds(self) -> list[VisitRound]:
        if self._loaded:
            self._loaded.fetch_rounds()
        return self._many("rounds", lambda: VisitRound.objects.order_by("number"))

    @property
    def open_round(self) -> VisitRound | None:
        """The visit that is being paid for, planned or made."""
        if self._loaded:
            return next((visit_round for visit_round in self.rounds if visit_round.closed_at is None), None)
        return cast("VisitRound | None", self._one("open_visit_round", VisitRound.objects.filter(closed_at=None)))

    def round_of(self, number: int) -> VisitRound:
        """That visit. If a service closed it by way of `open_round`, it's the same object."""
        known = self.under_lock.known("open_visit_round") if self.under_lock else None
        if known is not None and known.number == number:
            return cast("VisitRound", known)
        return VisitRound.objects.get(msa_request=self.msa_request, number=number)

    @property
    def failed_round(self) -> VisitRound | None:
        """The last visit that did not succeed."""
        return next(
            (visit_round for visit_round in reversed(self.rounds) if visit_round.outcome == VisitOutcome.UNSUCCESSFUL),
            None,
        )

    @cached_property
    def events(self) -> list[RequestEvent]:
        """In the order of the chain; with who acted where `with_case(whole=True)` asked for it."""
        return self._many("events", self._events)

    def _events(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = RequestEvent.objects.defer("digest", "previous_digest").order_by("sequence")
        if self._loaded is None or not self._loaded.whole:
            return rows
        roles = User.groups.through.objects.filter(user=OuterRef("actor"))
        return rows.select_related("actor").annotate(actor_has_role=Exists(roles))

    @cached_property
    def documents(self) -> list[Document]:
        """Neither taken back nor replaced, the newest first."""
        rows = self._many("documents", lambda: Document.objects.order_by("-created_at").select_related("created_by"))
        return [row for row in rows if row.replaced_at is None]

    @cached_property
    def screenings(self) -> list[Screening]:
        rows = Screening.objects.order_by("opened_at").select_related("taken_by").prefetch_related("answers")
        return self._many("screenings", lambda: rows)

    @property
    def open_screening(self) -> Screening | None:
        if self._loaded:
            return next((screening for screening in self.screenings if screening.decided_at is None), None)
        rows = Screening.objects.filter(decided_at__isnull=True).select_related("taken_by")
        return cast("Screening | None", self._one("undecided_screening", rows))

    @property
    def waiting_decision(self) -> StaffDecision | None:
        """What staff decided and what has not acted yet. Only staff may see it."""
        rows = StaffDecision.objects.filter(state=DecisionState.WAITING).select_related("decided_by")
        return cast("StaffDecision | None", self._one("waiting_decision", rows))

    @cached_property
    def corrections(self) -> list[Correction]:
        """Only a screening that was decided "corrections" has any; without one, nothing is read."""
        if (
            self._loaded
            and self._loaded.whole
            and all(screening.decision != "corrections" for screening in self.screenings)
        ):
            return []
        rows = Correction.objects.order_by("pk").select_related("reason", "answered_by", "answer_document", "follows")
        return self._many("corrections", lambda: rows)

    @property
    def is_account_in_use(self) -> bool:
        """Whether another submitted, open request excludes this one (D27)."""
        if self._loaded:
            return bool(vars(self.msa_request)[ON_ACCOUNT_IN_USE])
        if self.under_lock:
            return bool(self.under_lock.one(ON_ACCOUNT_IN_USE, others_on_account(self.msa_request).exists))
        return others_on_account(self.msa_request).exists()

    def _one(self, name: str, rows: QuerySet[Any]) -> Any:
        def read() -> Any:
            return rows.filter(msa_request=self.msa_request).order_by().first()

        if self._loaded:
            row = getattr(self.msa_request, name, None)
        else:
            row = self.under_lock.one(name, read) if self.under_lock else read()
        return self._with_its_request(row)

    def _many(self, name: str, query: Callable[[], QuerySet[Any]]) -> list[Any]:
        if self._loaded:
            if not self._loaded.has(name):
                self._loaded.fetch(name, query())
            rows: list[Any] = getattr(self.msa_request, _KEPT % name)
            return rows
        return [self._with_its_request(row) for row in query().filter(msa_request=self.msa_request)]

    def _with_its_request(self, row: Any) -> Any:
        """Sets the row's request, so that reading it needs no query."""
        if row is not None:
            row.msa_request = self.msa_request
        return row


_NAMES = {
    "agreement": "current_agreement",
    "statement": "standing_statement",
    "follow_up": "waiting_follow_up",
    "open_round": "open_visit_round",
    "open_screening": "undecided_screening",
    "waiting_decision": "waiting_decision",
    "last_link": "last_link",
}


def attach(rows: Sequence[MSARequest], *, whole: bool, already_read: Mapping[Callable[[], Any], Any]) -> None:
    """Give each of these requests, which were loaded together, its case."""
    loaded = Loaded(rows, whole=whole, already_read=already_read)
    for row in rows:
        row.__dict__["_case"] = Case(row, loaded)
