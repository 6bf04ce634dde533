"""Everything that a request is made of, one module a topic."""

from requests_app.models.address_correction import AddressCorrection
from requests_app.models.agreement import (
    Agreement,
    DocumentOpening,
    Signature,
    SignedSection,
    SigningConsent,
    SigningInvitation,
    SigningReminder,
)
from requests_app.models.authority import AgentAuthority
from requests_app.models.deadlines import DeadlineExtension, DeadlineReminder
from requests_app.models.decisions import DeskNote, StaffDecision
from requests_app.models.documents import Document
from requests_app.models.events import RequestEvent
from requests_app.models.inspections import HeldForm, Inspection
from requests_app.models.paper import PaperReason, PaperSection, PaperSigning
from requests_app.models.readiness import PanelModelAnswer, ReadinessStatement
from requests_app.models.record_comparison import RecordComparison
from requests_app.models.reference import (
    AgreementWording,
    CorrectionReason,
    IncompatiblePanel,
    OutcomeReason,
    PanelRestriction,
    Product,
    ProgramSettings,
    ServiceAccount,
    normalized_panel_model,
)
from requests_app.models.request import MSARequest
from requests_app.models.screening import Correction, Screening, ScreeningAnswer
from requests_app.models.sealing import Seal
from requests_app.models.visits import Cure, FollowUp, VisitRound, Withdrawal

__all__ = [
    "AddressCorrection",
    "AgentAuthority",
    "Agreement",
    "AgreementWording",
    "Correction",
    "CorrectionReason",
    "Cure",
    "DeadlineExtension",
    "DeadlineReminder",
    "DeskNote",
    "Document",
    "DocumentOpening",
    "FollowUp",
    "HeldForm",
    "IncompatiblePanel",
    "Inspection",
    "MSARequest",
    "OutcomeReason",
    "PanelModelAnswer",
    "PanelRestriction",
    "PaperReason",
    "PaperSection",
    "PaperSigning",
    "Product",
    "ProgramSettings",
    "ReadinessStatement",
    "RecordComparison",
    "RequestEvent",
    "Screening",
    "ScreeningAnswer",
    "Seal",
    "ServiceAccount",
    "Signature",
    "SignedSection",
    "SigningConsent",
    "SigningInvitation",
    "SigningReminder",
    "StaffDecision",
    "VisitRound",
    "Withdrawal",
    "normalized_panel_model",
]
