"""Draw the labelled pairs of README.md: `python -m tests.requests_app.utility_records.draw_pairs [seed]`.

A pair begins with one person, company, address or number. Each transformation below writes it in two
ways, knows what a careful person would say of the two, and says why. Nothing here imports, or looks
at, the code under test.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

SEED = 20260
COUNTS = {"name": 800, "address": 760, "meter_number": 200, "service_class": 130, "meter_kind": 110}
EQUAL, EQUIVALENT, DIFFERENT = "equal", "equivalent", "different"


class Pair(NamedTuple):
    kind: str
    ours: str
    theirs: str
    label: str
    why: str


Told = tuple[str, str, str, str]  # ours, theirs, label, why


def words(text: str) -> list[str]:
    return text.split()


FIRST = words(
    """Robert William Elizabeth Margaret Michael James Katherine Thomas Patricia Richard Christopher Susan
Daniel Jennifer Anthony Matthew Joseph Deborah Alexander Benjamin Samuel Nicholas Gregory Victoria Rebecca
Alice Carmen Diego Hector Imelda Jorge Kenji Lourdes Mei Naveen Olga Priya Quentin Rosa Sofia Tuan Ursula Viktor
Wei Ximena Yolanda Zoe Amara Bruno Chiara Dmitri Esther Farah Gustavo Hana Ivan Jamal Kofi Leila Marcus Nadia"""
)
SHORT = {
    "Robert": ["Bob", "Rob", "Bobby"], "William": ["Bill", "Will"], "Elizabeth": ["Liz", "Beth"],
    "Margaret": ["Peggy", "Maggie"], "Michael": ["Mike"], "James": ["Jim", "Jimmy"], "Katherine": ["Kate", "Kathy"],
    "Thomas": ["Tom"], "Patricia": ["Pat", "Patty"], "Richard": ["Rick", "Dick"], "Christopher": ["Chris"],
    "Susan": ["Sue"], "Daniel": ["Dan", "Danny"], "Jennifer": ["Jen", "Jenny"], "Anthony": ["Tony"],
    "Matthew": ["Matt"], "Joseph": ["Joe"], "Deborah": ["Debbie", "Deb"], "Alexander": ["Alex"],
    "Benjamin": ["Ben"], "Samuel": ["Sam"], "Nicholas": ["Nick"], "Gregory": ["Greg"], "Victoria": ["Vicky"],
    "Rebecca": ["Becky"],
}  # fmt: skip
# Names that one letter turns into another name.
NEAR_FIRST = [
    ("Maria", "Mario"), ("John", "Joan"), ("Eric", "Erin"), ("Julia", "Julio"), ("Adrian", "Adriana"),
    ("Marian", "Marion"), ("Carlo", "Carla"), ("Denis", "Denise"), ("Karen", "Karin"), ("Erik", "Erika"),
    ("Paul", "Paula"), ("Louis", "Louise"), ("Daniel", "Danielle"), ("Angel", "Angela"), ("Luis", "Luisa"),
]  # fmt: skip
ACCENTED_FIRST = [
    ("José", "Jose"), ("María", "Maria"), ("Renée", "Renee"), ("Zoë", "Zoe"), ("Björn", "Bjorn"), ("André", "Andre"),
    ("Çelik", "Celik"), ("Łukasz", "Lukasz"), ("Søren", "Soren"), ("Đức", "Duc"), ("Ángel", "Angel"), ("Iñaki", "Inaki"),
]  # fmt: skip
LAST = words(
    """Hale Stone Ortega Whitfield Nakamura Okafor Lindqvist Petrov Castellano Brandt Fairchild Underwood Marsh
Delgado Kowalski Yamada Abernathy Thornton Ibarra Salazar Vance Mercer Holloway Quintero Sandoval Becker Novak
Tran Pham Kapoor Bhatt Haddad Farouk Mbeki Larsen Doyle Sutter Winslow Ramos Aguilar Chavez Fuentes Ellison
Griffith Hargrove Jansen Keller Lockwood Montoya Norwood Pacheco Rosales Serrano Templeton Valdez Westbrook Zamora
Ashworth Bellamy Carver Draper Eastman Forsythe Goodwin Hutchins Ingram Kirby Langley Merrick Osborne Prescott"""
)
NEAR_LAST = [
    ("Hansen", "Hanson"), ("Gonzalez", "Gonzales"), ("Andersen", "Anderson"), ("Reed", "Reid"), ("Smith", "Smyth"),
    ("Clark", "Clarke"), ("Stewart", "Steward"), ("Meyer", "Meyers"), ("Lopez", "Lopes"), ("Nielsen", "Nielson"),
    ("Peterson", "Petersen"), ("Brown", "Browne"), ("Hale", "Hall"), ("Moreno", "Morena"), ("Perez", "Peres"),
]  # fmt: skip
ACCENTED_LAST = [
    ("Muñoz", "Munoz"), ("Peña", "Pena"), ("García", "Garcia"), ("Müller", "Muller"), ("Müller", "Mueller"),
    ("Nguyễn", "Nguyen"), ("Dvořák", "Dvorak"), ("Gonçalves", "Goncalves"), ("Ibáñez", "Ibanez"), ("Ødegård", "Odegard"),
    ("Weiß", "Weiss"), ("Königsberg", "Koenigsberg"), ("Wałęsa", "Walesa"), ("Castañeda", "Castaneda"), ("Sørensen", "Soerensen"),
]  # fmt: skip
PARTICLED = [
    ("De La Cruz", "Delacruz"), ("De La Torre", "DeLaTorre"), ("Van Buren", "VanBuren"), ("Del Rio", "Delrio"),
    ("Mc Donald", "McDonald"), ("Mac Leod", "MacLeod"), ("O'Brien", "OBrien"), ("O'Brien", "O Brien"), ("D'Angelo", "DAngelo"),
    ("De Leon", "DeLeon"), ("Van Der Berg", "Vanderberg"), ("St. John", "StJohn"), ("Di Marco", "DiMarco"), ("O’Hara", "O'Hara"),
]  # fmt: skip
SUFFIXES = {
    "Jr": ["Jr.", "JR", "Junior"],
    "Sr": ["Sr.", "SR", "Senior"],
    "II": ["2nd", "ii"],
    "III": ["3rd", "iii"],
    "IV": ["4th", "iv"],
}
TITLES = ["Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Dr", "Prof."]
AFTER = ["MD", "PhD", "Esq.", "DDS", "M.D.", "RN", "CPA"]
TRADES = [
    "Plumbing",
    "Electric",
    "Bakery",
    "Holdings",
    "Properties",
    "Solar",
    "Nursery",
    "Rentals",
    "Apartments",
    "Design",
]
LEGAL = {
    "LLC": ["L.L.C.", "Limited Liability Company"],
    "Inc": ["Incorporated"],
    "Corp": ["Corporation"],
    "Co": ["Company"],
    "Ltd": ["Limited"],
}


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    middle: str = ""
    suffix: str = ""

    @property
    def natural(self) -> str:
        return " ".join(part for part in (self.first, self.middle, self.last, self.suffix) if part)

    @property
    def comma(self) -> str:
        first_names = " ".join(part for part in (self.first, self.middle) if part)
        return f"{self.last}, {first_names} {self.suffix}".strip()

    @property
    def suffix_first(self) -> str:
        return f"{self.last} {self.suffix}, {self.first} {self.middle}".replace(" ,", ",").strip()

    @property
    def bare(self) -> str:
        """Last name first, without the comma, as billing systems print it."""
        return " ".join(part for part in (self.last, self.first, self.middle, self.suffix) if part)


def person(r: random.Random, *, middle: bool | None = None) -> Person:
    first, mid = r.sample(FIRST, 2)
    with_middle = r.random() < 0.35 if middle is None else middle
    return Person(first, r.choice(LAST), mid if with_middle else "")


def either(r: random.Random, told: Told) -> Told:
    """In either direction: which side wrote it so does not matter."""
    ours, theirs, label, why = told
    return (ours, theirs, label, why) if r.random() < 0.5 else (theirs, ours, label, why)


def styled(r: random.Random, one: Person, other: Person, label: str, why: str) -> Told:
    """Both written out; in a third of the pairs the record's own order of words comes on top."""
    ours, theirs = one.natural, other.natural
    way = r.random()
    if way < 0.25:
        theirs, why = other.comma.upper(), why + "; last name first"
    elif way < 0.33:
        theirs, why = other.bare.upper(), why + "; last name first, no comma"
    elif way < 0.55:
        theirs = theirs.upper()
    if way < 0.33 and label == EQUAL:
        label = EQUIVALENT
    return either(r, (ours, theirs, label, why))


def name_case(r: random.Random) -> Told:
    text = person(r).natural
    other = r.choice(
        [text.upper(), text.lower(), text.replace(" ", "  "), f" {text} ", text.title(), text.upper() + " "]
    )
    return either(r, (text, other, EQUAL, "case and spaces"))


def name_full_stop(r: random.Random) -> Told:
    who = person(r)
    who = replace(who, middle=r.choice("ABCDEFGHJKLMNPRSTW"))
    dotted = replace(who, middle=who.middle + ".")
    return either(
        r, (dotted.natural, r.choice([who.natural, who.natural.upper()]), EQUAL, "full stop after an initial")
    )


def name_order(r: random.Random) -> Told:
    who = person(r)
    return either(
        r, (who.natural, r.choice([who.comma, who.comma.upper(), who.bare.upper()]), EQUIVALENT, "last name first")
    )


def name_initial(r: random.Random) -> Told:
    who = person(r, middle=True)
    short = replace(who, middle=who.middle[0] + r.choice(["", "."]))
    return styled(r, who, short, EQUIVALENT, "initial of the middle name")


def name_first_initial(r: random.Random) -> Told:
    who = person(r)
    short = replace(who, first=who.first[0] + r.choice(["", "."]), middle=who.middle[:1])
    return either(
        r, (who.natural, r.choice([short.natural, short.comma.upper()]), EQUIVALENT, "initial of the first name")
    )


def name_no_middle(r: random.Random) -> Told:
    who = person(r, middle=True)
    if r.random() < 0.5:
        who = replace(who, middle=who.middle[0])
    return styled(r, who, replace(who, middle=""), EQUIVALENT, "middle name left out")


def name_leading_initial(r: random.Random) -> Told:
    who = person(r)
    initial = r.choice("CDEFGJKLMT") + r.choice(["", "."])
    return either(
        r,
        (
            f"{initial} {who.first} {who.last}",
            f"{who.first} {who.last}",
            EQUIVALENT,
            "initial before the name left out",
        ),
    )


def name_other_middle(r: random.Random) -> Told:
    who = person(r, middle=True)
    other = r.choice([name for name in FIRST if name[0] != who.middle[0] and name != who.first])
    if r.random() < 0.6:
        return styled(
            r, replace(who, middle=who.middle[0]), replace(who, middle=other[0]), DIFFERENT, "another middle initial"
        )
    return styled(r, who, replace(who, middle=other), DIFFERENT, "another middle name")


def name_by_middle(r: random.Random) -> Told:
    who = person(r, middle=True)
    return either(
        r, (who.natural, f"{who.middle} {who.last}", DIFFERENT, "the first name is missing, not the middle one")
    )


def name_no_last(r: random.Random) -> Told:
    who = person(r, middle=True)
    return either(r, (who.natural, f"{who.first} {who.middle}", DIFFERENT, "the last name is missing"))


def name_suffix_form(r: random.Random) -> Told:
    suffix = r.choice(list(SUFFIXES))
    who = replace(person(r), suffix=suffix)
    other = replace(who, suffix=r.choice(SUFFIXES[suffix]))
    plain = {suffix.upper(), suffix.upper() + "."}
    if r.random() < 0.5:
        return either(
            r,
            (
                who.natural,
                r.choice([other.comma, other.suffix_first, other.comma.upper()]),
                EQUIVALENT,
                "suffix; last name first",
            ),
        )
    same = other.suffix.upper() in plain
    return either(r, (who.natural, other.natural, EQUAL if same else EQUIVALENT, "suffix in another form"))


def name_suffix_left_out(r: random.Random) -> Told:
    who = person(r)
    return styled(r, who, replace(who, suffix=r.choice(list(SUFFIXES))), EQUIVALENT, "suffix left out")


def name_other_suffix(r: random.Random) -> Told:
    one, other = r.sample(list(SUFFIXES), 2)
    who = person(r)
    forms = [r.choice([suffix, *SUFFIXES[suffix]]) for suffix in (one, other)]
    return styled(
        r, replace(who, suffix=forms[0]), replace(who, suffix=forms[1]), DIFFERENT, "another suffix: father and son"
    )


def name_title(r: random.Random) -> Told:
    who = person(r)
    if r.random() < 0.3:
        return either(
            r, (f"{who.natural}{r.choice([', ', ' '])}{r.choice(AFTER)}", who.natural, EQUIVALENT, "degree left out")
        )
    return either(
        r,
        (
            f"{r.choice(TITLES)} {who.natural}",
            r.choice([who.natural, who.comma.upper()]),
            EQUIVALENT,
            "title left out",
        ),
    )


def name_diacritics(r: random.Random) -> Told:
    who = person(r)
    if r.random() < 0.5:
        one, other = r.choice(ACCENTED_FIRST)
        return styled(r, replace(who, first=one), replace(who, first=other), EQUIVALENT, "diacritics")
    one, other = r.choice(ACCENTED_LAST)
    return styled(r, replace(who, last=one), replace(who, last=other), EQUIVALENT, "diacritics")


def name_particle(r: random.Random) -> Told:
    one, other = r.choice(PARTICLED)
    who = replace(person(r, middle=False), last=one)
    joined = replace(who, last=other)
    theirs = r.choice([joined.natural, joined.natural.upper(), joined.comma.upper()])
    return either(r, (who.natural, theirs, EQUIVALENT, "parts of the last name joined or not"))


def name_hyphen(r: random.Random) -> Told:
    one, other = r.sample(LAST, 2)
    who = replace(person(r, middle=False), last=f"{one}-{other}")
    apart = replace(who, last=f"{one} {other}")
    return either(
        r,
        (
            who.natural,
            r.choice([apart.natural, apart.natural.upper(), apart.comma.upper()]),
            EQUIVALENT,
            "hyphen in the last name",
        ),
    )


def name_half_of_double(r: random.Random) -> Told:
    one, other = r.sample(LAST, 2)
    first = r.choice(FIRST)
    double = r.choice([f"{first} {one}-{other}", f"{one} {other}, {first}".upper(), f"{one}-{other}, {first}".upper()])
    return either(r, (double, f"{first} {r.choice([one, other])}", EQUIVALENT, "one half of a double last name"))


def name_short_form(r: random.Random) -> Told:
    first = r.choice(list(SHORT))
    who = replace(person(r), first=first)
    who = replace(who, middle="" if who.middle == first else who.middle)
    return styled(
        r, who, replace(who, first=r.choice(SHORT[first])), EQUIVALENT, "common short form of the first name"
    )


def name_other_first(r: random.Random) -> Told:
    who = person(r)
    other = r.choice([name for name in FIRST if name not in {who.first, who.middle}])
    return styled(r, who, replace(who, first=other), DIFFERENT, "another first name")


def name_same_initial(r: random.Random) -> Told:
    who = person(r)
    same = [name for name in FIRST if name[0] == who.first[0] and name not in {who.first, who.middle}]
    other = r.choice(same) if same else "Zacharias"
    return styled(r, who, replace(who, first=other), DIFFERENT, "another first name of the household")


def name_other_last(r: random.Random) -> Told:
    who = person(r)
    return styled(
        r,
        who,
        replace(who, last=r.choice([name for name in LAST if name != who.last])),
        DIFFERENT,
        "another last name",
    )


def name_one_letter(r: random.Random) -> Told:
    who = person(r)
    if r.random() < 0.5:
        one, other = r.choice(NEAR_FIRST)
        return styled(
            r, replace(who, first=one), replace(who, first=other), DIFFERENT, "one letter makes another first name"
        )
    one, other = r.choice(NEAR_LAST)
    return styled(r, replace(who, last=one), replace(who, last=other), DIFFERENT, "one letter makes another last name")


def slip(r: random.Random, name: str) -> str:
    """A letter of the longest word left out, doubled or swapped with the next one, never the first."""
    word = max(name.split(), key=len)
    place = r.randrange(1, len(word) - 1)
    ways = [word[:place] + word[place + 1 :], word[:place] + word[place] + word[place:]]
    if word[place] != word[place + 1]:
        ways.append(word[:place] + word[place + 1] + word[place] + word[place + 2 :])
    return name.replace(word, r.choice([way for way in ways if way != word]))


def name_typo(r: random.Random) -> Told:
    who = person(r)
    return styled(r, who, replace(who, last=slip(r, who.last)), DIFFERENT, "a slip in the last name: might be another")


def name_couple(r: random.Random) -> Told:
    last = r.choice(LAST)
    one, other = r.sample(FIRST, 2)
    couple = r.choice([
        f"{one} & {other} {last}", f"{one} and {other} {last}", f"{last}, {one} & {other}".upper(),
        f"{last} {one} & {other}".upper(), f"{one} {last} & {other} {last}", f"{one} {last} or {other} {last}",
    ])  # fmt: skip
    way = r.random()
    if way < 0.5:
        return either(
            r, (f"{r.choice([one, other])} {last}", couple, EQUIVALENT, "one of the two named on the account")
        )
    if way < 0.65:
        return either(
            r, (f"{other} & {one} {last}", f"{one} & {other} {last}", EQUIVALENT, "the two in another order")
        )
    if way < 0.75:
        return either(r, (f"{one} & {other} {last}", f"{one} and {other} {last}", EQUIVALENT, "& and the word"))
    stranger = r.choice([name for name in FIRST if name not in {one, other}])
    if way < 0.9:
        return either(r, (f"{stranger} {last}", couple, DIFFERENT, "neither of the two"))
    return either(r, (f"{one} & {stranger} {last}", couple, DIFFERENT, "the second of the two is another"))


def name_two_surnames(r: random.Random) -> Told:
    one, other = person(r, middle=False), person(r, middle=False)
    both = f"{one.natural} {r.choice(['&', 'and', 'or'])} {other.natural}"
    way = r.random()
    if way < 0.6:
        return either(r, (r.choice([one, other]).natural, both, EQUIVALENT, "one of the two named on the account"))
    if one.first == other.first or one.last == other.last:
        return name_two_surnames(r)
    return either(r, (f"{one.first} {other.last}", both, DIFFERENT, "first name of one, last name of the other"))


def name_married(r: random.Random) -> Told:
    who = person(r, middle=False)
    return either(r, (f"Mr. & Mrs. {who.natural}", who.natural, EQUIVALENT, "a couple named by one of them"))


def company(r: random.Random) -> str:
    last = r.choice(LAST)
    return r.choice([f"{last} {r.choice(TRADES)}", f"{last} {r.choice(TRADES)}", f"{last} & Sons {r.choice(TRADES)}"])


def name_company(r: random.Random) -> Told:
    firm = company(r)
    legal = r.choice(list(LEGAL))
    way = r.random()
    if way < 0.2:
        return either(r, (f"{firm} {legal}", f"{firm}, {legal}.".upper(), EQUAL, "case, comma and full stop"))
    if way < 0.45:
        form = r.choice(LEGAL[legal])
        label = EQUAL if form == "L.L.C." else EQUIVALENT
        return either(r, (f"{firm} {legal}", f"{firm} {form}", label, "legal form written out"))
    if way < 0.6:
        return either(r, (f"{firm} {legal}", r.choice([firm, firm.upper()]), EQUIVALENT, "legal form left out"))
    return name_other_company(r)


def name_other_company(r: random.Random) -> Told:
    firm = company(r)
    legal = r.choice(list(LEGAL))
    way = r.random()
    if way < 0.4:
        one, other = r.sample(["LLC", "Inc", "Corp"], 2)
        return either(r, (f"{firm} {one}", f"{firm} {other}", DIFFERENT, "another legal form: another company"))
    if way < 0.65:
        last = firm.split()[0]
        return either(r, (f"{r.choice(FIRST)} {last}", f"{firm} {legal}", DIFFERENT, "a person and a company"))
    if "&" in firm:
        return either(r, (f"{firm} {legal}", f"{firm.replace('&', 'and')} {legal}", EQUIVALENT, "& and the word"))
    trade = firm.split()[-1]
    other = r.choice([known for known in TRADES if known != trade])
    return either(
        r, (f"{firm} {legal}", f"{firm.replace(trade, other)} {legal}", DIFFERENT, "another company of that name")
    )


def name_trust(r: random.Random) -> Told:
    who = person(r, middle=False)
    way = r.random()
    if way < 0.25:
        return either(r, (f"The {who.last} Family Trust", f"{who.last} Family Trust", EQUIVALENT, "article left out"))
    if way < 0.5:
        return either(r, (who.natural, f"{who.last} Family Trust", DIFFERENT, "a person and a trust"))
    if way < 0.75:
        return either(
            r,
            (
                who.natural,
                f"{who.natural}{r.choice([' TTEE', ' Trustee', ', Trustee'])}",
                EQUIVALENT,
                "the person as trustee",
            ),
        )
    if way < 0.88:
        return either(r, (who.natural, f"Estate of {who.natural}", DIFFERENT, "a person and an estate"))
    return either(r, (f"{who.last} Family Trust", f"{who.last} Living Trust", DIFFERENT, "another trust"))


def name_trading_as(r: random.Random) -> Told:
    who = person(r, middle=False)
    firm = f"{who.last} {r.choice(TRADES)}"
    both = f"{who.natural} {r.choice(['DBA', 'dba', 'd/b/a'])} {firm}"
    return either(r, (r.choice([who.natural, firm]), both, EQUIVALENT, "a person and the name they trade under"))


STREETS = words(
    """Oak Maple Sycamore Mission Foothill Colorado Magnolia Sierra Palm Laurel Cypress Arrow Baseline Euclid
Holt Mountain Vineyard Orange Citrus Walnut Chapman Imperial Artesia Carson Sepulveda Pacific Bonita Alosta Gladstone
Live-Oak Duarte Huntington Fairview Monterey Cherry Whittier Slauson Telegraph Beverly Garvey Valley Ramona Francisquito
Rosemead Santa-Anita Peck Durfee Tyler Workman-Mill Puente Hacienda Azusa Grand Barranca Lone-Hill San-Dimas La-Mesa"""
)
JOINABLE = [
    ("Oak Tree", "Oaktree"), ("La Mesa", "Lamesa"), ("Sun Ridge", "Sunridge"), ("Cedar Brook", "Cedarbrook"), ("Del Mar", "Delmar"),
    ("El Monte", "Elmonte"), ("Lake View", "Lakeview"), ("High Land", "Highland"), ("Rose Mead", "Rosemead"),
]  # fmt: skip
NEAR_STREET = [
    ("Oak", "Oaks"),
    ("Palm", "Palmer"),
    ("Rose", "Ross"),
    ("Marina", "Marino"),
    ("Cherry", "Sherry"),
    ("Alta", "Alto"),
    ("Hill", "Hall"),
]
# The word, the abbreviation of USPS Publication 28, and other forms that it lists.
TYPES = {
    "Street": ["St", "St.", "Str"], "Avenue": ["Ave", "Ave.", "Av"], "Boulevard": ["Blvd", "Blvd.", "Boul"], "Drive": ["Dr", "Dr.", "Drv"],
    "Court": ["Ct", "Ct."], "Circle": ["Cir", "Circ"], "Lane": ["Ln", "Ln."], "Road": ["Rd", "Rd."], "Place": ["Pl", "Pl."],
    "Terrace": ["Ter", "Terr"], "Parkway": ["Pkwy", "Pky"], "Trail": ["Trl"], "Way": ["Wy"], "Plaza": ["Plz"], "Square": ["Sq"],
    "Highway": ["Hwy"], "Canyon": ["Cyn"], "Ridge": ["Rdg"], "Crossing": ["Xing"], "Alley": ["Aly"], "Heights": ["Hts"], "Loop": ["Loop"],
}  # fmt: skip
DIRECTIONS = {
    "North": ["N", "N."],
    "South": ["S", "S."],
    "East": ["E", "E."],
    "West": ["W", "W."],
    "Northeast": ["NE"],
    "Southwest": ["SW"],
}
OPPOSITE = {
    "North": "South",
    "South": "North",
    "East": "West",
    "West": "East",
    "Northeast": "Southwest",
    "Southwest": "Northeast",
}
ORDINALS = {
    1: "First", 2: "Second", 3: "Third", 4: "Fourth", 5: "Fifth", 6: "Sixth", 7: "Seventh", 8: "Eighth", 9: "Ninth", 10: "Tenth",
    11: "Eleventh", 12: "Twelfth",
}  # fmt: skip
UNITS = ["Apt {}", "Apt. {}", "# {}", "#{}", "Unit {}", "Ste {}", "Suite {}", "Apartment {}", "{}", "No. {}"]
SITES = [("Space", "Spc"), ("Building", "Bldg"), ("Floor", "Fl"), ("Trailer", "Trlr"), ("Lot", "Lot"), ("Room", "Rm")]


@dataclass(frozen=True)
class Place:
    number: str
    name: str
    type: str = "Street"
    before: str = ""
    unit: str = ""

    @property
    def line(self) -> str:
        return " ".join(part for part in (self.number, self.before, self.name, self.type) if part)

    @property
    def text(self) -> str:
        """Street and unit as the two fields hold them; a bar stands between."""
        return f"{self.line} | {self.unit}" if self.unit else self.line


def place(r: random.Random, *, unit: bool | None = None) -> Place:
    with_unit = r.random() < 0.25 if unit is None else unit
    return Place(
        number=str(r.randrange(11, 29999)),
        name=r.choice(STREETS).replace("-", " "),
        type=r.choice(list(TYPES)),
        before=r.choice(list(DIRECTIONS)[:4]) if r.random() < 0.3 else "",
        unit=f"Apt {unit_number(r)}" if with_unit else "",
    )


def unit_number(r: random.Random) -> str:
    return r.choice(
        [
            str(r.randrange(1, 40)),
            str(r.randrange(100, 499)),
            r.choice("ABCDEFGH"),
            f"{r.randrange(1, 30)}{r.choice('ABCD')}",
        ]
    )


def short(r: random.Random, where: Place) -> Place:
    """As the post office writes it."""
    before = DIRECTIONS[where.before][0] if where.before else ""
    return replace(where, type=TYPES[where.type][0] if where.type in TYPES else where.type, before=before)


def spelled(r: random.Random, one: Place, other: Place, label: str, why: str) -> Told:
    """Both written out; in half of the pairs one in the post office's short form."""
    way = r.random()
    if way < 0.5:
        shorter = short(r, other)
        if label == EQUAL and shorter != other:
            label = EQUIVALENT
        other, why = shorter, why + "; post office's short form"
    text = other.text.upper() if way < 0.35 or way > 0.85 else other.text
    return either(r, (one.text, text, label, why))


def address_case(r: random.Random) -> Told:
    text = short(r, place(r)).text
    return either(
        r,
        (
            text,
            r.choice([text.upper(), text.lower(), text.replace(" ", "  "), text.title(), text.upper() + "."]),
            EQUAL,
            "case, spaces, full stop",
        ),
    )


def address_type(r: random.Random) -> Told:
    where = place(r)
    return either(
        r,
        (
            where.text,
            replace(where, type=r.choice(TYPES[where.type])).text.upper(),
            EQUAL if where.type == "Loop" else EQUIVALENT,
            "type of street abbreviated",
        ),
    )


def address_direction(r: random.Random) -> Told:
    before = r.choice(list(DIRECTIONS))
    where = replace(place(r), before=before)
    other = replace(r.choice([where, short(r, where)]), before=r.choice(DIRECTIONS[before]))
    return either(r, (where.text, other.text, EQUIVALENT, "direction abbreviated"))


def address_unit_form(r: random.Random) -> Told:
    number = unit_number(r)
    one, other = r.sample(UNITS, 2)
    where = place(r, unit=False)
    pair = replace(where, unit=one.format(number)), replace(where, unit=other.format(number))
    same = one.replace(".", "") == other.replace(".", "")
    return either(r, (pair[0].text, pair[1].text, EQUAL if same else EQUIVALENT, "another word for the unit"))


def address_site(r: random.Random) -> Told:
    one, other = r.choice(SITES)
    number = str(r.randrange(1, 90))
    where = place(r, unit=False)
    pair = replace(where, unit=f"{one} {number}"), replace(where, unit=f"{other} {number}".upper())
    return either(
        r, (pair[0].text, pair[1].text, EQUAL if one == other else EQUIVALENT, "word for the unit abbreviated")
    )


def address_unit_in_street(r: random.Random) -> Told:
    where = place(r, unit=True)
    joined = f"{where.line}{r.choice([' ', ', '])}{where.unit}"
    theirs = joined if r.random() < 0.5 else joined.replace("Apt ", r.choice(["#", "Unit ", "# "]))
    return either(r, (where.text, theirs, EQUIVALENT, "unit written in the street's field"))


def address_unit_missing(r: random.Random) -> Told:
    where = place(r, unit=True)
    return spelled(r, where, replace(where, unit=""), DIFFERENT, "unit left out: each has its own meter")


def address_other_unit(r: random.Random) -> Told:
    where = place(r, unit=True)
    other = unit_number(r)
    if where.unit == f"Apt {other}":
        return address_other_unit(r)
    return spelled(
        r, where, replace(where, unit=f"{r.choice(['Apt', '#', 'Unit'])} {other}"), DIFFERENT, "another unit"
    )


def address_ordinal(r: random.Random) -> Told:
    number = r.choice(list(ORDINALS))
    digits = f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"
    where = replace(place(r), name=ORDINALS[number])
    return spelled(r, where, replace(where, name=r.choice([digits, digits.upper()])), EQUIVALENT, "ordinal in digits")


def address_other_ordinal(r: random.Random) -> Told:
    one, other = r.choice(
        [
            ("1st", "11th"),
            ("2nd", "12th"),
            ("First", "Fourth"),
            ("3rd", "Fifth"),
            ("21st", "31st"),
            ("Sixth", "16th"),
            ("107th", "170th"),
        ]
    )
    where = replace(place(r), name=one)
    return spelled(r, where, replace(where, name=other), DIFFERENT, "another numbered street")


def address_saint(r: random.Random) -> Told:
    one, other = r.choice([("Saint", "St"), ("Saint", "St."), ("Mount", "Mt"), ("Fort", "Ft")])
    rest = r.choice(["James", "Francis", "Andrews", "Helena", "Vernon", "Irwin", "Olive", "Baldy"])
    where = replace(place(r), name=f"{one} {rest}")
    return spelled(
        r, where, replace(where, name=f"{other} {rest}"), EQUIVALENT, "first word of the street's name abbreviated"
    )


def address_saint_is_not_street(r: random.Random) -> Told:
    rest = r.choice(["James", "Francis", "Andrews", "Helena"])
    where = replace(place(r), name=f"St {rest}", type=r.choice(["Avenue", "Drive", "Court"]))
    return spelled(r, where, replace(where, name=rest, type="Street"), DIFFERENT, "saint, not street")


def address_highway(r: random.Random) -> Told:
    number = r.choice([2, 18, 33, 38, 74, 126, 138, 150, 178, 190])
    forms = [
        f"State Route {number}",
        f"SR {number}",
        f"SR-{number}",
        f"State Hwy {number}",
        f"Highway {number}",
        f"Hwy {number}",
        f"State Highway {number}",
        f"CA-{number}",
        f"CA {number}",
    ]
    if r.random() < 0.3:
        road = r.randrange(11, 90)
        forms = [f"County Road {road}", f"CR {road}", f"Co Rd {road}", f"County Rd {road}"]
    elif r.random() < 0.3:
        road = r.choice([6, 60, 66, 95, 101, 395])
        forms = [
            f"US Highway {road}",
            f"US Hwy {road}",
            f"US {road}",
            f"US-{road}",
            f"U.S. Highway {road}",
            f"Highway {road}",
        ]
    one, other = r.sample(forms, 2)
    house = r.randrange(100, 70000)
    if one.replace(".", "") == other.replace(".", ""):
        return address_highway(r)
    if r.random() < 0.2:
        digits = other.rsplit(maxsplit=1)[0] if " " in other else other.split("-")[0]
        return either(
            r, (f"{house} {one}", f"{house} {digits} {r.choice([4, 7, 91, 199])}", DIFFERENT, "another highway")
        )
    return either(r, (f"{house} {one}", f"{house} {other}", EQUIVALENT, "highway in another form"))


def address_box(r: random.Random) -> Told:
    number = r.randrange(10, 9999)
    forms = [
        f"PO Box {number}",
        f"P.O. Box {number}",
        f"P O Box {number}",
        f"POB {number}",
        f"Post Office Box {number}",
        f"Box {number}",
    ]
    one, other = r.sample(forms, 2)
    way = r.random()
    if way < 0.6:
        label = EQUAL if one.replace(".", "") == other.replace(".", "") else EQUIVALENT
        return either(r, (one, other.upper(), label, "post-office box in another form"))
    if way < 0.8:
        return either(r, (one, f"PO Box {number + r.choice([1, 10, 100])}", DIFFERENT, "another box"))
    return either(r, (one, replace(place(r), number=str(number)).text, DIFFERENT, "a box and a street"))


def address_half(r: random.Random) -> Told:
    where = place(r, unit=False)
    forms = [f"{where.number} 1/2", f"{where.number}-1/2", f"{where.number}½", f"{where.number} ½"]
    if r.random() < 0.6:
        one, other = r.sample(forms, 2)
        return spelled(
            r, replace(where, number=one), replace(where, number=other), EQUIVALENT, "half number in another form"
        )
    return spelled(r, where, replace(where, number=r.choice(forms)), DIFFERENT, "a half number is another house")


def address_letter(r: random.Random) -> Told:
    where = place(r, unit=False)
    letter = r.choice("ABCD")
    lettered = replace(where, number=f"{where.number}{letter}")
    if r.random() < 0.5:
        return spelled(
            r, lettered, replace(where, number=f"{where.number}-{letter}"), EQUIVALENT, "hyphen before the letter"
        )
    return spelled(r, where, lettered, DIFFERENT, "a letter after the number is another house")


def address_unit_hyphen(r: random.Random) -> Told:
    where, number, letter = place(r, unit=False), r.randrange(1, 30), r.choice("ABCD")
    return spelled(
        r,
        replace(where, unit=f"Apt {number}{letter}"),
        replace(where, unit=f"{r.choice(['Apt', 'Unit', '#'])} {number}-{letter}"),
        EQUIVALENT,
        "hyphen in the unit",
    )


def address_no_type(r: random.Random) -> Told:
    where = place(r)
    return spelled(r, where, replace(where, type=""), EQUIVALENT, "type of street left out")


def address_other_type(r: random.Random) -> Told:
    where = place(r)
    other = r.choice([known for known in TYPES if known != where.type])
    return spelled(r, where, replace(where, type=other), DIFFERENT, "another type of street")


def address_no_direction(r: random.Random) -> Told:
    where = replace(place(r), before=r.choice(list(DIRECTIONS)))
    return spelled(r, where, replace(where, before=""), DIFFERENT, "direction left out: both may exist")


def address_other_direction(r: random.Random) -> Told:
    before = r.choice(list(DIRECTIONS))
    where = replace(place(r), before=before)
    return spelled(r, where, replace(where, before=OPPOSITE[before]), DIFFERENT, "other direction")


def address_neighbor(r: random.Random) -> Told:
    where = place(r)
    number = str(int(where.number) + r.choice([2, -2, 4, 1, 10]))
    return spelled(r, where, replace(where, number=number), DIFFERENT, "a neighbor's number")


def address_transposed(r: random.Random) -> Told:
    where = place(r)
    at = r.randrange(len(where.number) - 1)
    swapped = where.number[:at] + where.number[at + 1] + where.number[at] + where.number[at + 2 :]
    if swapped == where.number or swapped.startswith("0"):
        return address_transposed(r)
    return spelled(r, where, replace(where, number=swapped), DIFFERENT, "two digits of the number swapped")


def address_digit_missing(r: random.Random) -> Told:
    where = place(r)
    return spelled(r, where, replace(where, number=where.number[:-1]), DIFFERENT, "a digit of the number left out")


def address_other_name(r: random.Random) -> Told:
    where = place(r)
    other = r.choice([known for known in STREETS if known.replace("-", " ") != where.name])
    return spelled(r, where, replace(where, name=other.replace("-", " ")), DIFFERENT, "another street")


def address_near_name(r: random.Random) -> Told:
    one, other = r.choice(NEAR_STREET)
    where = replace(place(r), name=one)
    return spelled(r, where, replace(where, name=other), DIFFERENT, "one letter makes another street")


def address_slip(r: random.Random) -> Told:
    where = place(r)
    return spelled(
        r, where, replace(where, name=slip(r, where.name)), DIFFERENT, "a slip in the street's name: might be another"
    )


def address_joined(r: random.Random) -> Told:
    one, other = r.choice(JOINABLE)
    where = replace(place(r), name=one)
    return spelled(r, where, replace(where, name=other), EQUIVALENT, "the street's name joined or not")


def address_spanish(r: random.Random) -> Told:
    name = r.choice(["del Sol", "de la Paz", "Encinas", "Verde", "de las Flores"])
    where = replace(place(r), name=f"Avenida {name}", type="")
    return either(
        r,
        (
            where.text,
            replace(where, name=f"{r.choice(['Ave', 'Av', 'Ave.'])} {name}").text.upper(),
            EQUIVALENT,
            "Avenida abbreviated",
        ),
    )


def meter_digits(r: random.Random) -> str:
    digits = "".join(r.choice("0123456789") for _ in range(6))
    return f"{r.choice(['222', '256', '259', '345', 'V349', 'P072', 'E100'])}{r.choice(['', '-'])}{digits}"


def meter_case(r: random.Random) -> Told:
    number = r.choice("EPV") + meter_digits(r).lstrip("EPV")
    return either(
        r, (number, r.choice([number.lower(), f" {number} ", number.lower() + " "]), EQUAL, "case and spaces around")
    )


def meter_marks(r: random.Random) -> Told:
    number = meter_digits(r).replace("-", "")
    at = r.choice([3, 4])
    return either(
        r,
        (
            number,
            f"{number[:at]}{r.choice(['-', ' ', '.', ' - '])}{number[at:]}",
            EQUIVALENT,
            "space or hyphen inside",
        ),
    )


def meter_prefix(r: random.Random) -> Told:
    number = meter_digits(r)
    return either(
        r,
        (
            number,
            f"{r.choice(['No. ', '# ', 'Meter ', 'SCE ', 'Meter #', 'SCE-', 'Meter no. '])}{number}",
            EQUIVALENT,
            "a word before the number",
        ),
    )


def meter_zeros(r: random.Random) -> Told:
    number = meter_digits(r).lstrip("EPV")
    number = number.lstrip("0")
    return either(r, (number, f"{r.choice(['0', '00', '000'])}{number}", EQUIVALENT, "leading zeros"))


def meter_misread(r: random.Random) -> Told:
    number = meter_digits(r)
    tail = number[4:]
    spots = [at for at, digit in enumerate(tail) if digit in "01"]
    if not spots:
        return meter_misread(r)
    at = 4 + r.choice(spots)
    letter = r.choice("Oo") if number[at] == "0" else r.choice("Il")
    return either(r, (number, number[:at] + letter + number[at + 1 :], EQUIVALENT, "letter O for zero, I for one"))


def meter_one_digit(r: random.Random) -> Told:
    number = meter_digits(r)
    at = r.randrange(len(number) - 5, len(number))
    other = r.choice([digit for digit in "0123456789" if digit != number[at]])
    return either(r, (number, number[:at] + other + number[at + 1 :], DIFFERENT, "one digit is another"))


def meter_transposed(r: random.Random) -> Told:
    number = meter_digits(r)
    at = r.randrange(len(number) - 5, len(number) - 1)
    if number[at] == number[at + 1]:
        return meter_transposed(r)
    return either(
        r, (number, number[:at] + number[at + 1] + number[at] + number[at + 2 :], DIFFERENT, "two digits swapped")
    )


def meter_cut(r: random.Random) -> Told:
    number = meter_digits(r)
    return either(
        r,
        (
            number,
            r.choice([number[:-1], number[:-2], number[-6:], number[:-6].rstrip("-")]),
            DIFFERENT,
            "a part of the number",
        ),
    )


def meter_other(r: random.Random) -> Told:
    one, other = meter_digits(r), meter_digits(r)
    return (one, other, DIFFERENT, "another meter")


CLASSES = {
    "residential": ["Domestic", "RES", "Resid.", "Schedule D", "D", "D-CARE", "D-FERA", "TOU-D-4-9PM", "TOU-D-5-8PM", "TOU-D-PRIME", "TOU-D-A",
                    "TOU-D-B", "DM", "Residential service", "Domestic service", "Single-family residential", "Residential TOU", "R"],
    "commercial": ["GS-1", "TOU-GS-1", "TOU-GS-2", "TOU-GS-3", "TOU-8", "Business", "COM", "COMM", "General service", "Small commercial",
                   "Commercial service", "Schedule GS-2", "Small business", "C"],
    "agricultural": ["PA-1", "PA-2", "TOU-PA-2", "TOU-PA-3", "AG", "Agriculture", "Agricultural & pumping", "Agricultural service", "AGRI",
                     "Schedule PA-2", "Agricultural and pumping"],
}  # fmt: skip
NEITHER = ["LS-1", "OL-1", "Street lighting", "Industrial", "Unknown", "Railway"]
KINDS = {
    "self_contained": ["Self-contained meter", "SC", "Self contd", "Form 2S", "2S", "2S CL200", "FM 2S CL200", "CL200", "Class 200", "Direct connected",
                       "Self-contained, class 200", "Form 1S", "Form 12S", "SELF-CONT", "Whole current"],
    "instrument_rated": ["Instrument-rated meter", "IR", "Instrument rated (CT)", "CT", "CT rated", "CT meter", "Form 4S", "Form 3S", "4S CL20", "FM 4S CL20",
                         "CL20", "Class 20", "Transformer rated", "Current transformer", "Form 9S", "Instr. rated", "CT/PT", "Instrument transformer"],
}  # fmt: skip


def cased(r: random.Random, text: str) -> str:
    return r.choice([text, text.upper(), text.lower(), text, f"{text} "])


def spoken(value: str) -> list[str]:
    return [
        value,
        value.replace("_", " "),
        value.replace("_", "-"),
        value.replace("_", " ").title(),
        value.replace("_", "-").capitalize(),
    ]


def _of_list(r: random.Random, known: dict[str, list[str]], strangers: Sequence[str]) -> Told:
    value = r.choice(list(known))
    way = r.random()
    if way < 0.2:
        return either(r, (value, cased(r, r.choice(spoken(value))), EQUAL, "case and spaces"))
    if way < 0.6:
        return (value, cased(r, r.choice(known[value])), EQUIVALENT, "another word for the same")
    if strangers and way < 0.68:
        return (value, cased(r, r.choice(list(strangers))), DIFFERENT, "none of the three")
    other = r.choice([other_value for other_value in known if other_value != value])
    return (value, cased(r, r.choice([other, *known[other]])), DIFFERENT, "another one")


def service_class(r: random.Random) -> Told:
    return _of_list(r, CLASSES, NEITHER)


def meter_kind(r: random.Random) -> Told:
    return _of_list(r, KINDS, ())


# How often each way of differing is drawn, by kind.
WAYS: dict[str, list[tuple[Callable[[random.Random], Told], int]]] = {
    "name": [
        (name_case, 6), (name_full_stop, 4), (name_order, 7), (name_initial, 6), (name_first_initial, 5), (name_no_middle, 6),
        (name_leading_initial, 3), (name_other_middle, 6), (name_by_middle, 3), (name_no_last, 3), (name_suffix_form, 5),
        (name_suffix_left_out, 5), (name_other_suffix, 7), (name_title, 5), (name_diacritics, 7), (name_particle, 6), (name_hyphen, 4),
        (name_half_of_double, 4), (name_short_form, 6), (name_other_first, 6), (name_same_initial, 5), (name_other_last, 6),
        (name_one_letter, 6), (name_typo, 6), (name_couple, 9), (name_two_surnames, 4), (name_married, 2), (name_company, 9),
        (name_trust, 6), (name_trading_as, 3),
    ],
    "address": [
        (address_case, 7), (address_type, 8), (address_direction, 5), (address_unit_form, 7), (address_site, 3), (address_unit_in_street, 5),
        (address_unit_missing, 5), (address_other_unit, 5), (address_ordinal, 5), (address_other_ordinal, 4), (address_saint, 5),
        (address_saint_is_not_street, 2), (address_highway, 5), (address_box, 4), (address_half, 5), (address_letter, 4), (address_unit_hyphen, 2),
        (address_no_type, 5), (address_other_type, 6), (address_no_direction, 4), (address_other_direction, 5), (address_neighbor, 6),
        (address_transposed, 5), (address_digit_missing, 3), (address_other_name, 6), (address_near_name, 4), (address_slip, 5), (address_joined, 4),
        (address_spanish, 2),
    ],
    "meter_number": [
        (meter_case, 3), (meter_marks, 4), (meter_prefix, 4), (meter_zeros, 3), (meter_misread, 4), (meter_one_digit, 5), (meter_transposed, 5),
        (meter_cut, 4), (meter_other, 4),
    ],
    "service_class": [(service_class, 1)],
    "meter_kind": [(meter_kind, 1)],
}  # fmt: skip


def draw(seed: int = SEED, counts: dict[str, int] | None = None, without: Sequence[Pair] = ()) -> list[Pair]:
    """So many pairs of each kind, none twice, and none of `without`."""
    r = random.Random(seed)
    seen = {(pair.kind, pair.ours, pair.theirs) for pair in without}
    pairs: list[Pair] = []
    for kind, count in (counts or COUNTS).items():
        ways, weights = zip(*WAYS[kind], strict=True)
        drawn: list[Pair] = []
        while len(drawn) < count:
            pair = Pair(kind, *r.choices(ways, weights)[0](r))
            if pair[:3] not in seen:
                seen.add(pair[:3])
                drawn.append(pair)
        pairs += drawn
    return pairs


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(Pair._fields)
    writer.writerows(draw(seed))


if __name__ == "__main__":
    main()
