"""Names of people, couples, companies and trusts.

A name is read in each way that it can be meant: as it stands, last name first, as a couple. Two names
agree where some reading of one agrees with some reading of the other. Both are never turned round at
once: "Robert James Hale" and "Robert James" are no namesakes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations, product

from nameparser import HumanName

from requests_app.utility_records.matching.match import EQUAL, Match, Reason, different, equivalent
from requests_app.utility_records.matching.words import (
    is_near,
    is_same_spelling,
    is_same_surface,
    listed,
    plain,
    spellings,
)

_SUFFIXES = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "2nd": "2", "iii": "3", "3rd": "3", "iv": "4", "4th": "4",
}  # fmt: skip
_LEGAL = {
    "llc": "llc", "inc": "inc", "incorporated": "inc", "corp": "corp", "corporation": "corp", "co": "co", "company": "co",
    "ltd": "ltd", "limited": "ltd", "lp": "lp", "llp": "llp", "pc": "pc", "plc": "plc",
}  # fmt: skip
# A name with one of these is not a person's.
_OF_COMPANIES = frozenset(
    listed("""trust estate sons brothers bros daughters bank church temple association assn assoc hoa foundation school district college
    university city county department apartments properties holdings enterprises partners partnership investments group services
    management homes homeowners""")
) | frozenset(_LEGAL)  # fmt: skip
_ROLES = frozenset(listed("trustee trustees ttee ttees tr cotrustee mr mrs ms miss mx dr prof professor rev"))
_DEGREES = frozenset(listed("md phd esq dds dvm rn cpa pe dmd do jd mba"))
_PARTICLES = frozenset(
    listed("de del dela la las los van von der den di da dos du le st san santa mc mac o al el bin ter ten y")
)
_TRADING_AS = re.compile(r"\s+(?:d/?b/?a|doing business as|aka)\b\.?\s+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:&|\+|/)\s*|\s+(?:and|or)\s+", re.IGNORECASE)

_SHORT = """abigail abby gail|albert al bert|alexander alex al xander|alexandra alex sandra lexi|alfred al fred|amanda mandy|andrew andy drew
|angela angie|anthony tony|antonio tony|arthur art|barbara barb babs|benjamin ben benny|bernard bernie|bradley brad|calvin cal|cameron cam
|catherine cathy kate katie cat|charles charlie chuck chas|christina chris tina christy|christine chris tina christy|christopher chris kit
|clifford cliff|curtis curt|cynthia cindy|daniel dan danny|david dave davey|deborah deb debbie debby|debra deb debbie|donald don donny
|dorothy dot dottie|douglas doug|edward ed eddie ted ned|edwin ed|elizabeth liz beth betty eliza lizzie libby betsy|eugene gene
|evelyn evie|florence flo|frances fran|francis frank|francisco frank paco pancho|franklin frank|frederick fred freddy|gabriel gabe
|gabriela gaby|gerald jerry gerry|geoffrey geoff jeff|gilbert gil|gregory greg|gwendolyn gwen|harold harry hal|henry hank harry|herbert herb
|howard howie|ignacio nacho|isabel izzy bella|jacob jake|jacqueline jackie|james jim jimmy jamie jimmie|janet jan|jeffrey jeff|jennifer jen jenny
|jeremy jerry|jerome jerry|jessica jess jessie|jesus chuy|john jack johnny|jonathan jon|jose pepe|joseph joe joey|joshua josh|judith judy
|julia julie|katherine kate kathy katie kathie kat|kathleen kathy kate|kathryn kathy kate katie|kenneth ken kenny|kimberly kim|lawrence larry
|leonard len lenny|leonardo leo|leslie les|louis lou|louise lou|lucille lucy|manuel manny|marcus marc mark|margaret peggy maggie meg marge
|maria mari|martha marty|martin marty|matthew matt|maximilian max|maxwell max|melissa mel missy|michael mike mick mickey|michelle shelly
|mitchell mitch|nancy nan|natalie nat|nathaniel nate nat|nathan nate|nicholas nick nicky|nicole nikki|norman norm|oliver ollie|pamela pam
|patricia pat patty tricia trish|patrick pat paddy|peter pete|philip phil|phillip phil|rachel rae|ralph ralphie|randall randy|raymond ray
|rebecca becky becca|ricardo rick|richard rick dick rich ricky|robert bob rob bobby robbie bert|roberto beto|roger rodge|ronald ron ronny
|rosemary rose|russell russ|samantha sam|samuel sam sammy|sandra sandy|sharon shari|solomon sol|stanley stan|stephanie steph|stephen steve
|steven steve|stuart stu|susan sue susie suzy|susanna sue|suzanne sue|sylvester sly|teresa terry tess|terence terry|theodore ted theo teddy
|theresa terry tess|thomas tom tommy|timothy tim|tobias toby|valerie val|veronica ronnie|victor vic|victoria vicky vicki tori|vincent vince
|virginia ginny|walter walt|wesley wes|william bill will billy willie liam|zachary zach zack"""
_LONG_OF: dict[str, set[str]] = {}
for _group in _SHORT.split("|"):
    _full, *_others = _group.split()
    for _short in _others:
        _LONG_OF.setdefault(_short, set()).add(_full)


def match_name(ours: str, theirs: str) -> Match:
    """Two names, each of a person, of several, or of a company."""
    if is_same_surface(ours, theirs):
        return EQUAL
    one, other = _TRADING_AS.split(ours), _TRADING_AS.split(theirs)
    matches = [_match_one(mine, yours) for mine, yours in product(one, other)]
    best = next((match for match in matches if match.agrees), matches[0])
    if best.agrees and len(one) + len(other) > 2:
        return equivalent(Reason.TRADING_AS, *best.reasons)
    return best


def _match_one(ours: str, theirs: str) -> Match:
    if is_same_surface(ours, theirs):
        return EQUAL
    if _is_company(ours) or _is_company(theirs):
        return _match_companies(ours, theirs)
    return _match_people(ours, theirs)


# --- companies and trusts


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w&+/]", " ", plain(text.replace(".", ""))).split()


def _is_company(text: str) -> bool:
    return not _OF_COMPANIES.isdisjoint(_words(text))


def _match_companies(ours: str, theirs: str) -> Match:
    (one, legal), (other, other_legal) = _company(ours), _company(theirs)
    if one != other:
        near = is_near("".join(one), "".join(other))
        return different(Reason.OTHER_HOLDER, *([Reason.NEARLY] if near else []))
    if legal and other_legal and legal != other_legal:
        return different(Reason.OTHER_HOLDER)
    return equivalent(Reason.LEGAL_FORM if legal or other_legal else Reason.SPELLING)


def _company(text: str) -> tuple[list[str], str]:
    """Its words without article and legal form, and that form."""
    said = " ".join(_words(text)).replace("limited liability company", "llc")
    words = ["and" if word in {"&", "+"} else word for word in said.split()]
    words = words[1:] if words[:1] == ["the"] else words
    legal = _LEGAL.get(words[-1], "") if len(words) > 1 else ""
    return (words[:-1] if legal else words), legal


# --- people


@dataclass(frozen=True)
class _Person:
    """`is_marked`: a comma or a hyphen says where the last name begins, so two words of it are two last names."""

    first_names: tuple[str, ...]
    last: str
    suffix: str = ""
    is_marked: bool = False
    has_title: bool = False

    @property
    def joined(self) -> str:
        return "".join((*self.first_names, self.last))


@dataclass(frozen=True)
class _Reading:
    people: tuple[_Person, ...]
    is_turned: bool = False  # without a comma, last name first


def _match_people(ours: str, theirs: str) -> Match:
    pairs = [
        _match_readings(mine.people, yours.people)
        for mine, yours in product(_readings(ours), _readings(theirs))
        if not (mine.is_turned and yours.is_turned)
    ]
    agreeing = [pair for pair in pairs if pair.agrees]
    if agreeing:
        best = min(agreeing, key=lambda match: len(match.reasons))
        return equivalent(*(best.reasons or (Reason.ORDER,)))
    return _gentlest(pairs)


def _gentlest(pairs: Iterable[Match]) -> Match:
    """Of readings that all differ, the one that differs least says why."""
    order = [Reason.NEARLY, Reason.OTHER_SUFFIX, Reason.OTHER_PERSON, Reason.OTHER_FAMILY, Reason.OTHER_HOLDER]
    return min(
        pairs,
        key=lambda match: min(order.index(reason) for reason in match.reasons),
        default=different(Reason.OTHER_HOLDER),
    )


def _match_readings(one: tuple[_Person, ...], other: tuple[_Person, ...]) -> Match:
    """Each person of the shorter list is one of the longer list, and nobody twice."""
    few, many = sorted((one, other), key=len)
    unlike: list[Match] = []
    for chosen in permutations(many, len(few)):
        matches = [_match_persons(mine, yours) for mine, yours in zip(few, chosen, strict=True)]
        if all(match.agrees for match in matches):
            several = [Reason.ONE_OF_SEVERAL] if len(few) < len(many) else []
            return equivalent(*several, *(reason for match in matches for reason in match.reasons))
        unlike.append(next(match for match in matches if not match.agrees))
    return unlike[0] if unlike and len(many) == 1 else different(Reason.OTHER_HOLDER)


def _match_persons(one: _Person, other: _Person) -> Match:
    if one.suffix and other.suffix and one.suffix != other.suffix:
        return different(Reason.OTHER_SUFFIX)
    reasons = [Reason.SUFFIX_LEFT_OUT] if one.suffix != other.suffix else []
    reasons += [Reason.TITLE] if one.has_title != other.has_title else []
    if is_same_spelling(one.joined, other.joined):
        same = plain(one.joined) == plain(other.joined) and one.first_names == other.first_names
        return equivalent(*reasons, *([] if same else [Reason.SPELLING]))
    last = _match_last(one, other)
    if not last.agrees:
        return last
    first_names = _match_given(one.first_names, other.first_names)
    return equivalent(*reasons, *last.reasons, *first_names.reasons) if first_names.agrees else first_names


def _match_last(one: _Person, other: _Person) -> Match:
    if is_same_spelling(one.last, other.last):
        return EQUAL if one.last == other.last else equivalent(Reason.SPELLING)
    for double, single in ((one, other), (other, one)):
        if any(is_same_spelling(half, single.last) for half in _halves(double)):
            return equivalent(Reason.DOUBLE_NAME)
    return different(Reason.OTHER_FAMILY, *([Reason.NEARLY] if is_near(one.last, other.last) else []))


def _halves(person: _Person) -> list[str]:
    """The two of a double last name; a particle makes none."""
    halves = re.split(r"[\s-]+", person.last)
    is_double = len(halves) == 2 and (person.is_marked or "-" in person.last)
    return halves if is_double and not _PARTICLES & set(halves) else []


def _match_given(one: tuple[str, ...], other: tuple[str, ...]) -> Match:
    if not (one and other):
        return different(Reason.OTHER_PERSON)
    first = _match_given_word(one[0], other[0], is_first=True)
    if not first.agrees:
        return _without_leading_initial(one, other) or first
    reasons, (few, many) = list(first.reasons), sorted((one[1:], other[1:]), key=len)
    for mine, yours in zip(few, many, strict=False):
        match = _match_given_word(mine, yours)
        if not match.agrees:
            return match
        reasons += match.reasons
    return equivalent(*reasons, *([Reason.MIDDLE_LEFT_OUT] if len(few) < len(many) else []))


def _without_leading_initial(one: tuple[str, ...], other: tuple[str, ...]) -> Match | None:
    """ "J. Robert Hale" goes by Robert."""
    for long, short in ((one, other), (other, one)):
        if len(long) > 1 and len(long[0]) == 1 and len(short[0]) > 1:
            rest = _match_given(long[1:], short)
            return equivalent(Reason.LEADING_INITIAL, *rest.reasons) if rest.agrees else None
    return None


def _match_given_word(one: str, other: str, *, is_first: bool = False) -> Match:
    if is_same_spelling(one, other):
        return EQUAL if one == other else equivalent(Reason.SPELLING)
    if 1 in {len(one), len(other)} and {spelling[:1] for spelling in spellings(one)} & {
        spelling[:1] for spelling in spellings(other)
    }:
        return equivalent(Reason.FIRST_INITIAL if is_first else Reason.INITIAL)
    if is_first and _long_forms(one) & _long_forms(other):
        return equivalent(Reason.SHORT_NAME)
    return different(Reason.OTHER_PERSON, *([Reason.NEARLY] if is_near(one, other) else []))


def _long_forms(name: str) -> set[str]:
    short = plain(name)
    return _LONG_OF.get(short, set()) | {short}


# --- reading


def _readings(text: str) -> Iterator[_Reading]:
    stripped = [_strip(piece) for piece in _AND.split(text)]
    pieces = [piece for piece in stripped if piece.text]
    if len(pieces) < 2:
        yield from _readings_of_one(pieces[0]) if pieces else ()
        return
    yield from _readings_of_several(pieces[:4])


@dataclass(frozen=True)
class _Piece:
    """What is left of a name without its titles, degrees and suffix."""

    text: str
    suffix: str
    has_title: bool

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def is_given_only(self) -> bool:
        """One name, and initials."""
        words = self.words
        return "," not in self.text and len(words[0]) > 1 and all(len(word) == 1 for word in words[1:])

    def with_last(self, last: str) -> _Piece:
        return _Piece(f"{last}, {self.text}", self.suffix, self.has_title)


def _strip(text: str) -> _Piece:
    """Suffixes and titles may stand anywhere: "HALE JR, ROBERT" and "Robert Hale, Jr."."""
    kept: list[str] = []
    suffix, has_title = "", False
    words = re.sub(r"\s*,\s*", " , ", _without_marks(text)).split()
    for place, word in enumerate(words):
        if word in _SUFFIXES and place:
            suffix = _SUFFIXES[word]
        elif word in _ROLES or (word in _DEGREES and place == len(words) - 1 and len(set(kept) - {","}) > 1):
            has_title = True
        else:
            kept.append(word)
    joined = re.sub(r"\s+,", ",", " ".join(kept)).strip(" ,")
    return _Piece(re.sub(r"(,\s*)+", ", ", joined), suffix, has_title)


def _without_marks(text: str) -> str:
    """Lower case; accents stay, they are compared; full stops go, and so does an apostrophe's place."""
    spaced = re.sub(r"(?<=\b\w)\.(?=\w\.)", "", text).replace(".", " ")
    return re.sub(r"[^\w\s,'’-]", " ", spaced).casefold()


def _readings_of_one(piece: _Piece) -> Iterator[_Reading]:
    yield _Reading((_person(piece),))
    if "," not in piece.text and len(piece.words) > 1:
        yield _Reading((_turned(piece),), is_turned=True)


def _readings_of_several(pieces: list[_Piece]) -> Iterator[_Reading]:
    """ "Alice & Robert Hale", "HALE, ALICE & ROBERT", "HALE ALICE & ROBERT", "Alice Hale & Robert Stone"."""
    first, last = pieces[0], pieces[-1]
    if "," in first.text:
        family = first.text.split(",")[0]
        yield _Reading(
            tuple(
                _person(piece if "," in piece.text or piece is first else piece.with_last(family)) for piece in pieces
            )
        )
    if not last.is_given_only:
        family = _person(last).last
        yield _Reading(tuple(_person(piece.with_last(family) if piece.is_given_only else piece) for piece in pieces))
    if "," not in first.text and len(first.words) > 1:
        head = _turned(first)
        rest = (_person(piece.with_last(head.last)) if piece.is_given_only else _turned(piece) for piece in pieces[1:])
        yield _Reading((head, *rest), is_turned=True)


def _turned(piece: _Piece) -> _Person:
    """The first word, with the particles before it, read as last name."""
    words = piece.words
    end = next((place for place, word in enumerate(words) if word not in _PARTICLES), 0) + 1
    if "," in piece.text or end >= len(words):
        return _person(piece)
    return _person(
        _Piece(f"{' '.join(words[:end])}, {' '.join(words[end:])}", piece.suffix, piece.has_title), marked=False
    )


def _person(piece: _Piece, *, marked: bool = True) -> _Person:
    name = HumanName(piece.text)
    first_names = tuple(word.replace("-", "") for word in [*name.first.split(), *name.middle.split()])
    last = name.last.replace("'", "").replace("’", "")
    if name.suffix or name.title or name.nickname or not last:
        return _by_hand(piece, marked)
    return _Person(first_names, last, piece.suffix, marked and "," in piece.text, piece.has_title)


def _by_hand(piece: _Piece, marked: bool) -> _Person:
    """Where the library takes a name for a title or a suffix: Do, Ma and King are names."""
    last, comma, first_names = piece.text.partition(",")
    if not comma:
        *words, last = piece.words
        first_names = " ".join(words)
    return _Person(tuple(first_names.split()), last.strip(), piece.suffix, marked and bool(comma), piece.has_title)
