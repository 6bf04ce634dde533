"""A request's case: the related rows that the rules read, fetched once for all requests loaded together.

docs/adr/0026-one-loader.md says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Exists, FilteredRelation, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils.functional import cached_property

from msa_portal.accounts.models import User
from requests_app.enums import AgreementState, Party, VisitOutcome
from requests_app.models.agreement import Agreement, Signature
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
}
SELECTED = (
    *("owner", "agent", "agent_company", "device"),
    *("current_agreement", "standing_statement__stated_by", "waiting_follow_up"),
)
_KEPT = "_case_%s"  # the attribute that keeps a request's rows of one relation
OF_ITS_PAGE = ("current_agreement__document", "current_agreement__executed_document")


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

    Of a request that `with_case()` loaded, each is kept as it was read first, and never grows stale by
    itself: whoever writes reads the request anew, under its lock. Of any other request
    (`MSARequest.case` makes a new one at each call) it is read when it is asked for.
    """

    def __init__(self, msa_request: MSARequest, loaded: Loaded | None = None) -> None:
        self.msa_request = msa_request
        self._loaded = loaded
        self._judged: dict[Callable[[MSARequest], Any], Any] = {}

    def once[T](self, read: Callable[[], T], *, otherwise: Callable[[], T] | None = None) -> T:
        """What `read` returns (settings, panels), asked once for all requests loaded together.

        For a request that was loaded alone, it's what `otherwise` returns, which may read less.
        """
        return self._loaded.once(read) if self._loaded else (otherwise or read)()

    def judged[T](self, rule: Callable[[MSARequest], T]) -> T:
        """What a pure rule says about the request, computed once where the case is kept."""
        if self._loaded is None:
            return rule(self.msa_request)
        if rule not in self._judged:
            self._judged[rule] = rule(self.msa_request)
        return cast("T", self._judged[rule])

    @cached_property
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
        """Fetch who signed for all requests at once, so that a page asks as often whatever waits on it."""
        if self._loaded:
            self._loaded.fetch_signatures()

    @cached_property
    def statement(self) -> ReadinessStatement | None:
        """The current promise to fix open findings before the visit, if there is one."""
        rows = ReadinessStatement.objects.current().select_related("stated_by")
        return cast("ReadinessStatement | None", self._one("standing_statement", rows))

    @cached_property
    def follow_up(self) -> FollowUp | None:
        """The reschedule or modification that is saved but not complete yet."""
        rows = FollowUp.objects.filter(completed_at__isnull=True, canceled_at__isnull=True).select_related("round")
        return cast("FollowUp | None", self._one("waiting_follow_up", rows))

    @cached_property
    def rounds(self) -> list[VisitRound]:
        if self._loaded:
            self._loaded.fetch_rounds()
        return self._many("rounds", lambda: VisitRound.objects.order_by("number"))

    @cached_property
    def open_round(self) -> VisitRound | None:
        """The visit that is being paid for, planned or made."""
        if self._loaded:
            return next((visit_round for visit_round in self.rounds if visit_round.closed_at is None), None)
        visit_round = (
            VisitRound.objects.filter(msa_request=self.msa_request, closed_at__isnull=True).order_by().first()
        )
        return self._with_its_request(visit_round)

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
        rows = Screening.objects.filter(msa_request=self.msa_request, decided_at__isnull=True).order_by()
        return cast("Screening | None", self._with_its_request(rows.select_related("taken_by").first()))

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

    def _one(self, name: str, rows: QuerySet[Any]) -> Any:
        if self._loaded:
            row = getattr(self.msa_request, name, None)
        else:
            row = rows.filter(msa_request=self.msa_request).order_by().first()
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


def attach(rows: Sequence[MSARequest], *, whole: bool, already_read: Mapping[Callable[[], Any], Any]) -> None:
    """Give each of these requests, which were loaded together, its case."""
    loaded = Loaded(rows, whole=whole, already_read=already_read)
    for row in rows:
        row.__dict__["_case"] = Case(row, loaded)
