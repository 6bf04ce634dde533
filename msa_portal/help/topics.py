"""The answers of /help/ as data (program.md, H). Pages link a topic by its slug."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Topic:
    """One question and its answer: paragraphs, then points, then a closing word. `rules` are program.md's."""

    slug: str
    title: Promise
    question: Promise
    paragraphs: tuple[Promise, ...]
    points: tuple[Promise | str, ...] = ()
    closing: tuple[Promise, ...] = ()
    rules: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    keywords: Promise | str = ""
    page: tuple[str, Promise] | None = None  # the name of an address that shows more, and its title

    def heading(self) -> str:
        return f"{self.title} {self.question}"

    def text(self) -> str:
        parts = (self.heading(), *self.paragraphs, *self.points, *self.closing, *self.rules, self.keywords)
        return " ".join(str(part) for part in parts)


TOPICS: tuple[Topic, ...] = (
    Topic(
        "what-is-an-msa",
        _("What a meter socket adapter is"),
        _("What is a meter socket adapter (MSA)?"),
        (
            _("A meter socket adapter, MSA for short, sits between your electric meter and the socket that holds it."),
            _(
                "It gives solar panels, a battery or an electric car charger a place to connect without rebuilding "
                "your main panel. You own the adapter; the utility puts it in."
            ),
            _(
                "Some adapters can separate your home from the grid, so that a battery can run it in an outage. "
                "Those are called isolating. Others cannot and are called non-isolating."
            ),
        ),
        related=("msa-and-gma", "devices", "panels"),
        keywords=_("collar backup switch definition"),
    ),
    Topic(
        "who-installs",
        _("Who installs it"),
        _("May my installer put in or take out the adapter?"),
        (
            _(
                "No. Only a meter technician of the utility may remove the meter, so only they install or remove an "
                "adapter. That holds for certified installers and for you too."
            ),
            _(
                "Nobody has to be at home, as long as the technician can reach the meter safely and nothing is in "
                "the way."
            ),
            _(
                "The technician does not look for faults in an adapter. If yours does not work, ask your installer or "
                "the manufacturer."
            ),
        ),
        rules=("R4", "E17", "V5"),
        related=("what-disqualifies", "lock-rings", "vendor-checklist"),
        keywords=_("contractor present at home troubleshooting certified"),
    ),
    Topic(
        "devices",
        _("Which adapters are allowed"),
        _("Can I use any adapter?"),
        (
            _(
                "No. Only adapters on the Approved Product List can be installed, and yours has to be on it on the "
                "day you send the request. You find the list under “Products” at the top of each page."
            ),
            _("Each adapter has limits of its own, such as a highest amperage. The list says what we know of them."),
            _("Isolating adapters need more equipment as well, for example a battery."),
        ),
        rules=("E6", "E7", "E18"),
        related=("product-evaluation", "what-is-an-msa", "panels"),
        keywords=_("approved product list brand model eligible device compatible"),
    ),
    Topic(
        "panels",
        _("Which panels fit"),
        _("Does an adapter fit every meter panel?"),
        (_("No. Your panel has to be:"),),
        (
            _("for a home, with a self-contained meter: the whole current runs through the meter itself"),
            _("single phase, three wires, 120/240 volts"),
            _("rated for 200 amps or less"),
            _("in line with the utility's standards and the National Electrical Code"),
            _("without double-sided clips at the meter socket: the bus bars must be held by solid bolts or rivets"),
        ),
        (
            _(
                "Models known to have double-sided clips: MBED2040B200BF, MBED2040B225BF, MBED2040B200BFN, "
                "MBED2040B225BFN, MBED2040B200BS, MBE1836B125BS, MBE1836B125BF, MBED3042B200BF, MBED3042B200BF6 and "
                "MBED3042B200PV. Others may turn up, so the list is not complete."
            ),
            _("“Check my home” asks you for these points and tells you where you stand."),
        ),
        rules=("E1", "E2", "E3", "E4", "E8", "E12"),
        related=("400-amp", "what-disqualifies", "overhead-service"),
        keywords=_("compatible incompatible socket clips bus bars rivets bolts"),
    ),
    Topic(
        "what-disqualifies",
        _("What stops an installation"),
        _("Which conditions rule an installation out?"),
        (_("The technician cannot install the adapter where one of these holds. Look before the visit:"),),
        (
            _("The adapter is not beside the meter in a waterproof package that is easy to see."),
            _("The adapter is damaged, dirty or wet."),
            _(
                "The meter is rated above 200 amps, or something is not up to the utility's or the electrical code's standards."
            ),
            _("Liquid-tight conduit is used for the communication cable of an isolating adapter."),
            _(
                "Liquid-tight conduit is missing on live wires: a solar load-side tap with 120/240-volt wiring to the "
                "A/C disconnect, or a 120/240-volt car charging cable."
            ),
            _("Communication conduit is in the way of the pull section or of a breaker opening."),
            _("The panel is instrument-rated: it measures through transformers."),
            _("Double-sided clips hold the bus bars of the meter socket."),
            _("The back-feed, the power your system can send toward the panel, is above what the panel is rated for."),
            _("The adapter does not fit the meter socket."),
            _("The technician sees any other danger."),
        ),
        (
            _(
                "Some of these you can put right before the visit, such as the package or the conduit. Overhead wires are no obstacle."
            ),
        ),
        rules=("E2", "E3", "E4", "E5", "E7", "E8", "E9", "E10", "E11", "E12", "E13", "E14"),
        related=("panels", "vendor-checklist", "cost"),
        keywords=_("disqualify automatic reasons unsuccessful failed visit refuse"),
    ),
    Topic(
        "msa-and-gma",
        _("MSA and GMA"),
        _("Is an MSA the same as a generation meter adapter (GMA)?"),
        (
            _(
                "No. A GMA belongs to the utility. It connects solar panels ahead of the main breakers, and it can "
                "never separate a home from the grid. Some MSAs can."
            ),
            _(
                "If you have a GMA and want an isolating MSA, choose “Replacement” as the type of your request: the "
                "technician takes out the GMA and puts in the MSA."
            ),
            _(
                "With a GMA and solar panels but no battery, an MSA cannot give you grid isolation. It needs further "
                "equipment, such as a battery."
            ),
            _("You can also ask for the removal of a GMA alone."),
        ),
        rules=("E16", "R1"),
        related=("what-is-an-msa", "devices", "cost"),
        keywords=_("generation meter adapter replace remove solar battery storage difference"),
    ),
    Topic(
        "overhead-service",
        _("Overhead wires"),
        _("Is an adapter allowed with overhead service?"),
        (_("Yes. Whether the wires reach your home through the air or underground makes no difference."),),
        rules=("E15",),
        related=("panels", "gas-meter-clearance"),
        keywords=_("underground drop mast"),
    ),
    Topic(
        "gas-meter-clearance",
        _("Room around a gas meter"),
        _("What may be within 3 feet of a gas meter?"),
        (
            _(
                "The utility's Electrical Service Requirements say what may and may not stand in the 3-foot space "
                "around a gas meter. Look into the current edition on the utility's website, or ask your installer."
            ),
            _("If something there is against the requirements, have it put right before you send a request."),
        ),
        rules=("E12",),
        related=("what-disqualifies", "vendor-checklist"),
        keywords=_("ft foot feet clearance range gas"),
    ),
    Topic(
        "when-to-request",
        _("When to send your request"),
        _("When should I ask for the installation?"),
        (
            _(
                "Once you have bought an approved adapter from an approved vendor and it is at your home. Your vendor "
                "or installer makes sure that what the manufacturer asks for is done."
            ),
            _(
                "Leave the adapter next to the meter, in a waterproof package that is easy to see. Keep it clean and dry."
            ),
            _(
                "Other applications for your system, such as Rule 21, run at the same time: you need not wait for them."
            ),
        ),
        rules=("R5", "R3", "E13"),
        related=("devices", "how-long", "rule-21"),
        keywords=_("purchase purchased bought on site submit timing"),
    ),
    Topic(
        "cost",
        _("What it costs"),
        _("Is there a fee for installation or removal?"),
        (
            _("Yes: each site visit costs {fee}, for an installation as for a removal."),
            _("You pay by card at the end of the form. The request goes to the utility when the payment is settled."),
            _(
                "If the first visit fails and a second is needed, the form for it tells you whether you pay again. "
                "You do when something on your side was the reason. The second visit is planned once that is paid."
            ),
            _(
                "If your request turns out not to be valid, you can have the fee back, unless you correct it and a "
                "visit takes place after all. The same holds if you withdraw before any visit."
            ),
        ),
        rules=("F1", "F2", "F3", "F4", "D3", "D4"),
        related=("how-long", "what-disqualifies", "when-to-request"),
        keywords=_("how much charge price payment money refund second visit dollars"),
        page=("payments:fees", _("What it costs and what comes back")),
    ),
    Topic(
        "400-amp",
        _("400-amp service"),
        _("Is there an adapter for a 400-amp service?"),
        (_("No. Meter, panel and service may be rated for 200 amps at most."),),
        rules=("E4",),
        related=("panels", "devices"),
        keywords=_("400 amp amps amperage 200"),
    ),
    Topic(
        "how-long",
        _("How long it takes"),
        _("How long do approval and the visit take?"),
        (
            _(
                "For a complete request the utility expects the visit within 30 business days of the day you sent "
                "it. That is an estimate, not a promise."
            ),
            _(
                "Once the request is found valid and paid, issuing the service order usually takes 5 to 10 business days."
            ),
            _(
                "While the ball is in your court, for example when something has to be corrected, the clock stands "
                "still. The page of your request always says whose turn it is."
            ),
        ),
        rules=("V1", "V2", "D6", "D7"),
        related=("cost", "when-to-request", "rule-21"),
        keywords=_("days weeks timeline duration approval wait process status"),
    ),
    Topic(
        "rule-21",
        _("Rule 21 is separate"),
        _("Does this request cover my interconnection application?"),
        (
            _(
                "No. Solar panels, batteries and the like need a Rule 21 interconnection application of their own. "
                "This portal does not replace it."
            ),
            _(
                "Both run side by side. If you have a project number from that application, enter it in your request, "
                "so that the two can be matched. Without one you can still go on."
            ),
        ),
        rules=("R3",),
        related=("when-to-request", "how-long"),
        keywords=_("interconnection project number solar battery application nem"),
    ),
    Topic(
        "lock-rings",
        _("Maintenance and lock rings"),
        _("How do I get the lock ring removed for maintenance?"),
        (
            _("Call the utility's interconnection team at 800-600-6290 and ask for a lock-ring removal."),
            _(
                "The utility takes off the meter collar and puts it back, so that the manufacturer can do the work. "
                "Looking after the adapter itself is not the utility's job."
            ),
            _("You can record a maintenance request here too. It does not replace the call."),
        ),
        rules=("R2", "D16"),
        related=("contacts", "who-installs"),
        keywords=_("lock ring maintain repair phone telephone call collar"),
    ),
    Topic(
        "program-history",
        _("Where the program comes from"),
        _("How did the program begin, and how long will it last?"),
        (
            _(
                "In January 2021 the California Public Utilities Commission told the state's large utilities, in "
                "Decision 21-01-018, to look at devices that let a home run on its own, such as these adapters."
            ),
            _(
                "In April 2023 Southern California Edison began a pilot with one adapter, the Tesla Backup Switch. It ran until June 2025."
            ),
            _(
                "On June 12, 2025, following Decision 25-06-034, the pilot grew into this program: more isolating "
                "adapters, and non-isolating ones that help to avoid a panel upgrade."
            ),
            _("No end date is set. Requests are taken for the foreseeable future."),
        ),
        related=("what-is-an-msa", "product-evaluation"),
        keywords=_("history duration funding CPUC pilot decision expansion end date"),
    ),
    Topic(
        "vendor-checklist",
        _("Vendor checklist"),
        _("What should a contractor check before the visit?"),
        (
            _(
                "For vendors, contractors and installers. Go through the utility's MSA Vendor Checklist, and see that at the site:"
            ),
        ),
        (
            _("the adapter is on the Approved Product List, and all that its manufacturer asks for is done"),
            _("it lies next to the meter in a waterproof package that is easy to see, undamaged, clean and dry"),
            _("panel, meter and service are single phase, three wires, 120/240 volts, 200 amps at most"),
            _("no double-sided clips hold the bus bars, and the meter is self-contained"),
            _("the back-feed stays within what the panel is rated for"),
            _("there is no liquid-tight conduit on the communication cable of an isolating adapter"),
            _("live wires do run in liquid-tight conduit"),
            _("no conduit blocks the pull section or a breaker opening"),
            _("nothing breaks the Electrical Service Requirements, the space around a gas meter included"),
            _("the technician can reach the meter safely, also when nobody is there"),
        ),
        (
            _(
                "When you send a request for a customer, both of you sign “Authorization to Act as Agent to Request "
                "SCE Work”, and you complete the “Application Submittal Form”. The portal leads both of you through it."
            ),
            _("Never remove the meter yourself."),
        ),
        rules=("R4", "R5", "A2", "E5", "E8", "E9", "E10", "E11", "E12", "E13", "E14", "E17"),
        related=("what-disqualifies", "who-installs", "devices"),
        keywords=_("contractor installer agent vendor prepare site authorization"),
    ),
    Topic(
        "product-evaluation",
        _("How a product gets on the list"),
        _("How is a product evaluated for the Approved Product List?"),
        (
            _(
                "Manufacturers read the utility's MSA Evaluation Guide, then write to MEintake@sce.com and ask for an "
                "evaluation. The utility's meter engineers do it."
            ),
            _("Once the product is approved it shows on the list. Only then can it be part of a request."),
        ),
        rules=("R8", "E6"),
        related=("devices", "contacts"),
        keywords=_("manufacturer evaluation guide engineering add MEintake"),
    ),
    Topic(
        "contacts",
        _("Contacts"),
        _("Whom do I ask?"),
        (_("It depends on what it is about:"),),
        (
            _("Lock-ring removal for maintenance: the interconnection team, 800-600-6290"),
            _("A product for the Approved Product List: MEintake@sce.com"),
            _("An adapter that does not work: your installer or the manufacturer"),
            _("Your request: its page here says whose turn it is and what comes next"),
            _(
                "A payment, a receipt or a refund: “What you paid, and what comes back” on the request's page, where you can ask for a refund"
            ),
        ),
        rules=("R2", "R8"),
        related=("lock-rings", "product-evaluation", "accessibility"),
        keywords=_("phone telephone email e-mail address support contact help"),
    ),
    Topic(
        "paper",
        _("The agreement, on screen and on paper"),
        _("Can I download the agreement?"),
        (
            _(
                "Yes. The MSA Customer Agreement is part of every request. You can read it in full and download it as "
                "a PDF before you sign, and again afterward."
            ),
            _(
                "You sign on the page by typing your name; no printer is needed. A customer whose installer sends the request signs through a mailed link, without an account."
            ),
            _("If something that the agreement states changes later, we ask for a new signature."),
        ),
        rules=("A1", "A2", "A3"),
        related=("when-to-request", "vendor-checklist"),
        keywords=_("agreement sign signature pdf print download document"),
    ),
    Topic(
        "accessibility",
        _("Accessibility"),
        _("How can I use this portal with a keyboard or a screen reader?"),
        (
            _(
                "Every page works with a keyboard alone, with a screen reader, enlarged to 200 percent and on a "
                "phone. We build to the Web Content Accessibility Guidelines 2.2, level AA."
            ),
            _(
                "The first link on each page skips to its content. When a form has errors, the list of them comes first and leads to each field."
            ),
            _(
                "If something still keeps you from using a page, your installer can send the request for you as your agent."
            ),
        ),
        related=("contacts", "paper"),
        keywords=_("wcag disability blind keyboard screen reader contrast"),
    ),
)
_BY_SLUG = {entry.slug: entry for entry in TOPICS}


def topic(slug: str) -> Topic | None:
    return _BY_SLUG.get(slug)
