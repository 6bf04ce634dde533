"""Technicians, service orders, site visits, the board, reports, and what is learned from them."""

from fieldwork.models.closeouts import CloseOut, PhotoUpload, VisitPhoto, annotated_path, photo_path
from fieldwork.models.day_changes import CalendarFeed, DayChange, UnsuitableDay
from fieldwork.models.learning import RuleProposal
from fieldwork.models.orders import ServiceOrder, SiteVisit, VisitDuration
from fieldwork.models.people import Absence, District, DistrictZip, Skill, Technician, Weekday, WorkingHours, Yard
from fieldwork.models.phones import PhoneContact
from fieldwork.models.planning import Lane, Placement, PlanRun

__all__ = [
    "Absence",
    "CalendarFeed",
    "CloseOut",
    "DayChange",
    "District",
    "DistrictZip",
    "Lane",
    "PhoneContact",
    "PhotoUpload",
    "Placement",
    "PlanRun",
    "RuleProposal",
    "ServiceOrder",
    "SiteVisit",
    "Skill",
    "Technician",
    "UnsuitableDay",
    "VisitDuration",
    "VisitPhoto",
    "Weekday",
    "WorkingHours",
    "Yard",
    "annotated_path",
    "photo_path",
]
