"""Addresses: number, direction, name and type of the street, and the unit (USPS Publication 28)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import usaddress

from requests_app.utility_records.matching.match import EQUAL, Match, Reason, different, equivalent
from requests_app.utility_records.matching.words import is_near, is_same_surface, listed, plain

# The post office's abbreviation, and the words that it stands for.
_TYPES = {
    word: short
    for short, words in {
        "aly": "alley ally allee", "anx": "annex", "arc": "arcade", "ave": "avenue av aven avenu avn avnue", "bch": "beach",
        "bnd": "bend", "blf": "bluff", "blvd": "boulevard boul boulv bl bvd", "br": "branch", "brg": "bridge", "brk": "brook",
        "byp": "bypass", "cp": "camp", "cyn": "canyon canyn", "cswy": "causeway", "ctr": "center centre cntr",
        "cir": "circle circ circl crcl crcle", "clf": "cliff", "clb": "club", "cmn": "common", "cor": "corner", "ct": "court crt",
        "cts": "courts", "cv": "cove", "crk": "creek", "cres": "crescent crsent", "xing": "crossing crssng", "dl": "dale", "dm": "dam",
        "dr": "drive driv drv", "est": "estate", "ests": "estates", "expy": "expressway", "ext": "extension", "fld": "field",
        "flds": "fields", "fls": "falls", "frk": "fork", "fwy": "freeway frway", "gdn": "garden", "gdns": "gardens", "gtwy": "gateway",
        "gln": "glen", "grn": "green", "grv": "grove", "hbr": "harbor", "hvn": "haven", "hts": "heights ht", "hwy": "highway highwy hiway",
        "hl": "hill", "hls": "hills", "holw": "hollow", "is": "island", "isle": "isles", "jct": "junction", "knl": "knoll",
        "knls": "knolls", "lk": "lake", "lks": "lakes", "lndg": "landing", "ln": "lane", "lgt": "light", "loop": "loops",
        "mnr": "manor", "mdw": "meadow", "mdws": "meadows mdw", "ml": "mill", "msn": "mission missn", "mtn": "mountain", "orch": "orchard",
        "oval": "ovl", "park": "prk", "pkwy": "parkway parkwy pky pkway", "pass": "psge", "path": "paths", "pl": "place", "pln": "plain",
        "plns": "plains", "plz": "plaza plza", "pt": "point", "prt": "port", "pr": "prairie", "rnch": "ranch", "rpd": "rapid",
        "rst": "rest", "rdg": "ridge", "riv": "river", "rd": "road", "row": "", "run": "", "shr": "shore", "shrs": "shores",
        "spg": "spring", "spgs": "springs", "spur": "spurs", "sq": "square sqr", "sta": "station", "strm": "stream",
        "st": "street str strt", "smt": "summit", "ter": "terrace terr", "trce": "trace", "trl": "trail trails", "trlr": "trailer",
        "tunl": "tunnel", "tpke": "turnpike", "un": "union", "vly": "valley", "vw": "view", "vws": "views", "vlg": "village",
        "vl": "ville", "vis": "vista vst", "walk": "walks", "way": "wy", "wl": "well", "wls": "wells",
    }.items()
    for word in (short, *words.split())
}  # fmt: skip
_DIRECTIONS = {
    word: short
    for short, words in {
        "n": "north", "s": "south", "e": "east", "w": "west", "ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest",
    }.items()
    for word in (short, *words.split())
}  # fmt: skip
_FIRST_WORDS = {"saint": "st", "mount": "mt", "fort": "ft", "avenida": "ave", "av": "ave", "avda": "ave"}
# Words before a unit's own number. What is shut in by another, such as a building, says so.
_DWELLINGS = frozenset(listed("apt apartment unit ste suite no number num spc space lot trlr trailer rm room slip"))
_PARTS = {
    word: short
    for short, words in {"bldg": "building", "fl": "floor flr", "rear": "", "frnt": "front", "uppr": "upper", "lowr": "lower", "bsmt": "basement"}.items()
    for word in (short, *words.split())
}  # fmt: skip
_UNIT_LABELS = {"OccupancyType", "OccupancyIdentifier", "SubaddressType", "SubaddressIdentifier"}

_ONES = listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
)
_ONES += listed("sixteenth seventeenth eighteenth nineteenth")
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = {word: number for number, word in enumerate(_ONES, 1)}
_ORDINALS |= {word[:-1] + "ieth": 10 * number for number, word in enumerate(_TENS, 2)}
_ORDINALS |= {
    tens + ones: 10 * ten + one for ten, tens in enumerate(_TENS, 2) for one, ones in enumerate(_ONES[:9], 1)
}

_HALF = re.compile(r"[\s-]+1/2\b")
_NUMBER = re.compile(r"^(\d+(?:-\d+)?)(?:-?([a-z]))?( half)?(?=\s|$)")
_BOX = re.compile(r"^(?:p ?o ?b|(?:(?:p ?o|post office) )?box) ?(\w+)$")
_ROAD = re.compile(
    r"^(?:(?P<us>us)(?: (?:highway|hwy|route|rte))?|(?P<county>cr|(?:county|co) (?:road|rd|route|rte|highway|hwy))"
    r"|(?P<state>sr|sh|(?:ca|california|state)(?: (?:highway|hwy|route|rte|road|rd))?)|(?P<any>highway|hwy|route|rte)) (?P<number>\d+)$"
)


@dataclass(frozen=True)
class _Way:
    """One reading of a street: its name, joined, with directions and type where it has them."""

    name: str
    type: str
    before: str
    after: str

    def is_as(self, other: _Way, *, with_type: bool = False) -> bool:
        """The same; a type may be missing, unless it is asked for."""
        of_a_type = self.type == other.type if with_type else _fits(self.type, other.type)
        return of_a_type and (self.name, self.before, self.after) == (other.name, other.before, other.after)


@dataclass(frozen=True)
class _Address:
    number: tuple[str, ...] = ()
    ways: tuple[_Way, ...] = ()
    unit: tuple[str, ...] = ()
    box: str = ""
    road: tuple[str, str] = ("", "")


def match_address(ours: tuple[str, str], theirs: tuple[str, str]) -> Match:
    """Two addresses, each as street and unit; the unit may stand in the street's field."""
    if all(is_same_surface(one, other) for one, other in zip(ours, theirs, strict=True)):
        return EQUAL
    return _compare(_read(*ours), _read(*theirs))


def split_unit(line: str) -> tuple[str, str]:
    """Street and unit of an address on one line, as they were written: "12 Oak Ave Apt 4" is "12 Oak Ave", "Apt 4"."""
    words = [word.rstrip(",") for word in re.sub(r"#\s*", " # ", line.replace(",", ", ")).split()]
    plain_words = [plain(word.replace(".", "")) for word in words]
    labels = [label for _word, label in usaddress.parse(" ".join(plain_words))]
    if len(labels) != len(words):
        return line.strip(), ""
    for place, (word, label) in enumerate(zip(plain_words, labels, strict=True)):
        is_unit_word = word in _DWELLINGS or word in _PARTS or word == "#"
        if is_unit_word and (label in _UNIT_LABELS or place == 0):
            unit = " ".join(words[place:]).replace("# ", "#")
            return " ".join(words[:place]), unit
    return line.strip(), ""


def _compare(one: _Address, other: _Address) -> Match:
    if one.box or other.box:
        return equivalent(Reason.ABBREVIATION) if one.box == other.box else different(Reason.OTHER_NUMBER)
    against = [*_against_number(one, other), *_against_street(one, other), *_against_unit(one, other)]
    if against:
        return different(*against)
    pairs = product(one.ways, other.ways)
    has_type = one.road[1] or any(mine.is_as(yours, with_type=True) for mine, yours in pairs)
    return equivalent(Reason.ABBREVIATION if has_type else Reason.TYPE_LEFT_OUT)


def _against_number(one: _Address, other: _Address) -> list[Reason]:
    if one.number == other.number:
        return []
    near = is_near("".join(one.number), "".join(other.number))
    return [Reason.OTHER_NUMBER, *([Reason.NEARLY] if near else [])]


def _against_street(one: _Address, other: _Address) -> list[Reason]:
    if one.road[1] or other.road[1]:
        kinds = {one.road[0], other.road[0]} - {"any"}
        return [] if one.road[1] == other.road[1] and len(kinds) < 2 else [Reason.OTHER_STREET]
    pairs = list(product(one.ways, other.ways))
    if any(mine.is_as(yours) for mine, yours in pairs):
        return []
    if any(mine.name == yours.name and _fits(mine.type, yours.type) for mine, yours in pairs):
        return [Reason.OTHER_DIRECTION]
    if any(mine.name == yours.name for mine, yours in pairs):
        return [Reason.OTHER_TYPE]
    near = any(is_near(mine.name, yours.name) for mine, yours in pairs)
    return [Reason.OTHER_STREET, *([Reason.NEARLY] if near else [])]


def _fits(one: str, other: str) -> bool:
    return one == other or not (one and other)


def _against_unit(one: _Address, other: _Address) -> list[Reason]:
    if one.unit == other.unit:
        return []
    return [Reason.OTHER_UNIT if one.unit and other.unit else Reason.UNIT_LEFT_OUT]


def _read(street: str, unit: str) -> _Address:
    line, in_line = _without_unit(street)
    line, ids = _HALF.sub(" half", line), (*_unit(in_line), *_unit(unit))
    match = _NUMBER.match(line)
    number = tuple(part.strip() for part in match.groups() if part) if match else ()
    words = re.sub(r"[\W_]", " ", line[match.end() :] if match else line).split()
    if box := _BOX.match(" ".join(words)):
        return _Address(number=number, box=box[1], unit=ids)
    if road := _ROAD.match(" ".join(words)):
        kind = next(name for name in ("us", "county", "state", "any") if road[name])
        return _Address(number=number, road=(kind, road["number"]), unit=ids)
    return _Address(number=number, ways=tuple(_ways(words)), unit=ids)


def _without_unit(street: str) -> tuple[str, str]:
    """The street's line, plain, and what of it names a unit."""
    text = re.sub(r"#", " # ", plain(street.replace("½", " 1/2").replace(".", "").replace(",", " ")))
    tokens = usaddress.parse(text)
    for place, (word, label) in enumerate(tokens):
        if place and label in _UNIT_LABELS and (word in _DWELLINGS or word in _PARTS or word == "#"):
            return " ".join(token for token, _ in tokens[:place]), " ".join(token for token, _ in tokens[place:])
    return " ".join(token for token, _ in tokens), ""


def _unit(text: str) -> tuple[str, ...]:
    """The unit's own marks: "Apt. 4-B" is 4b, "Bldg 2 # 4" is bldg2 and 4."""
    joined = re.sub(r"(?<=\d)-(?=[a-z])|(?<=[a-z])-(?=\d)", "", plain(text.replace(".", "")))
    unit, shut_in = [], ""
    for word in re.sub(r"[^\w]", " ", joined).split():
        if word in _PARTS:
            shut_in = _PARTS[word]
            unit += [shut_in] if shut_in in {"rear", "frnt", "uppr", "lowr", "bsmt"} else []
        elif word not in _DWELLINGS:
            unit.append(shut_in + (word.lstrip("0") or word))
            shut_in = ""
    return tuple(unit)


def _ways(words: list[str]) -> Iterator[_Way]:
    """A street may be named North, and Hill may be its type or its name: each reading counts."""
    after = _DIRECTIONS[words[-1]] if len(words) > 2 and words[-1] in _DIRECTIONS else ""
    words = words[:-1] if after else words
    yield from _typed(words, "", after)
    if len(words) > 1 and words[0] in _DIRECTIONS:
        yield from _typed(words[1:], _DIRECTIONS[words[0]], after)


def _typed(words: list[str], before: str, after: str) -> Iterator[_Way]:
    if len(words) > 1 and words[-1] in _TYPES:
        for name in _names(words[:-1]):
            yield _Way(name, _TYPES[words[-1]], before, after)
    for name in _names(words):
        yield _Way(name, "", before, after)


def _names(words: list[str]) -> set[str]:
    """Joined as it stands, and with its words abbreviated: Mountain View is Mtn View."""
    if not words:
        return {""}
    first = _FIRST_WORDS.get(words[0], words[0]) if len(words) > 1 else words[0]
    joined = "".join([first, *words[1:]])
    number = _ORDINALS.get(joined)
    short = "".join(_TYPES.get(word, word) for word in [first, *words[1:]])
    return {_in_digits(number)} if number else {joined, short}


def _in_digits(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
