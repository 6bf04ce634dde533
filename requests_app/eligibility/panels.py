"""Which panel models have double-sided clips (E8), and which typed ones may mean one of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import BooleanField, IntegerField, Value
from rapidfuzz.distance import OSA

from requests_app.eligibility.facts import Panels, Taught
from requests_app.models import IncompatiblePanel, PanelRestriction, normalized_panel_model

# Read from a worn label, these are taken for each other.
_LOOK_ALIKES = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "B": "8", "S": "5", "Z": "2", "G": "6"})
_KEYBOARD = ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
# In a shorter model one character makes another model, not a slip.
_SHORTEST = 8


def load_panels() -> Panels:
    """The normalized models that staff keep, and what visits taught: one query."""
    no, yes = Value(False, BooleanField()), Value(True, BooleanField())
    listed = IncompatiblePanel.objects.order_by().values_list("normalized", Value(None, IntegerField()), Value(""), no)
    learned = PanelRestriction.objects.filter(is_active=True).order_by()
    rows = list(listed.union(learned.values_list("normalized", "device_id", "explanation", yes), all=True).order_by())
    return panels_of((row[0] for row in rows if not row[3]), (Taught(*row[:3]) for row in rows if row[3]))


def panels_of(listed: Iterable[str], taught: Iterable[Taught]) -> Panels:
    return Panels(frozenset(listed), tuple(sorted(taught, key=lambda rule: (rule.normalized, rule.device or 0))))


def matches(panel_model: str, incompatible: Iterable[str]) -> bool:
    """Spaces, dashes and case do not matter, and the given model may go on with a suffix."""
    typed = normalized_panel_model(panel_model)
    return any(typed.startswith(listed) for listed in incompatible)


def near_miss(panel_model: str, incompatible: Iterable[str]) -> str:
    """The listed model that was probably meant, the closest one; empty where none is near, or one matches.

    Near is what slips make of a model: characters that look alike, one left out, doubled or typed
    on the next key, two swapped, the maker's name in front. Another size or series is no slip.
    """
    listed_models = sorted(incompatible)
    typed = normalized_panel_model(panel_model)
    if not typed or matches(panel_model, listed_models):
        return ""
    near = [listed for listed in listed_models if len(listed) >= _SHORTEST and _is_slip(typed, listed)]
    return max(near, key=lambda listed: OSA.normalized_similarity(typed, listed), default="")


def _is_slip(typed: str, listed: str) -> bool:
    seen, meant = typed.translate(_LOOK_ALIKES), listed.translate(_LOOK_ALIKES)
    if meant in seen or _one_slip(typed, listed) or _one_slip(seen, meant):
        return True
    # The model may go on with a suffix: then the slip is before its last character.
    beginnings = (typed[: len(listed) + more] for more in (-1, 0, 1) if len(listed) + more < len(typed))
    return any(start[-1] == listed[-1] and _one_slip(start, listed) for start in beginnings)


def _one_slip(typed: str, listed: str) -> bool:
    if OSA.distance(typed, listed, score_cutoff=1) != 1:
        return False
    changed = {(a, b) for a, b in zip(typed, listed, strict=False) if a != b}
    replaced = len(typed) == len(listed) and len(changed) == 1
    return not replaced or all(_are_neighbors(a, b) for a, b in changed)


def _are_neighbors(a: str, b: str) -> bool:
    return any(a + b in row or b + a in row for row in _KEYBOARD)
