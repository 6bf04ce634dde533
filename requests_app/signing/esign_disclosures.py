"""What a person is told before they consent to electronic records (15 USC 7001(c), Civil Code 1633.1 ff.).

Change `VERSION` with the words: each consent keeps the version and the text that were shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

VERSION = "2026-11-24"


@dataclass(frozen=True)
class Disclosure:
    title: str
    text: str


def disclosures() -> list[Disclosure]:
    return [
        Disclosure(
            _("You may sign on paper"),
            _("You do not have to sign electronically. Print the agreement, sign it by hand, and send us the pages."),
        ),
        Disclosure(
            _("What this is about"),
            _("Your consent is for this request alone: its agreement, newer versions of it, and the signed copy."),
        ),
        Disclosure(
            _("You may change your mind"),
            _(
                "You can take your agreement to sign electronically back at any time, on this page or by a call. "
                "That costs nothing. What you signed stays signed; the rest goes by paper, which takes longer."
            ),
        ),
        Disclosure(
            _("Copies"),
            _("You can download the agreement and the signed copy as PDF. Ask us for a copy on paper: it is free."),
        ),
        Disclosure(
            _("What you need"),
            _(
                "A current web browser, an e-mail address, a program that opens PDF files, and room to keep or print them."
            ),
        ),
        Disclosure(
            _("If your address changes"),
            _("Change your e-mail address in your account. Without an account, tell your agent or call us."),
        ),
    ]


def text() -> str:
    return "\n\n".join(f"{disclosure.title}. {disclosure.text}" for disclosure in disclosures())
