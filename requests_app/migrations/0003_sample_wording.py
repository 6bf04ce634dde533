"""The sample of the agreement's text (D19). Staff write and publish the official one in the admin."""

from django.db import migrations

VERSION = "sample-1"

CUSTOMER_TERMS = """
1. What this is about. You ask Southern California Edison, called "the utility" here, to put in, take out, replace \
or give access to a meter socket adapter at the address above. The adapter sits between your electric meter and the \
meter socket.

2. Who may touch the meter. Only a meter technician of the utility may remove the meter. You will not remove it, and \
you will not let a contractor, a vendor, an installer or anybody else remove it.

3. Who owns the adapter. The adapter is yours. You bought it from an approved vendor, or you will have bought it \
before the visit. Where the utility's own generation meter adapter is taken out, that one stays the utility's.

4. Who looks after the adapter. The utility is not responsible for maintaining, repairing or troubleshooting the \
adapter. Ask your installer or the manufacturer. If maintenance needs the lock ring removed, you will ask the utility \
by telephone.

5. What each visit costs. A fee is due for a site visit as the fee schedule says. A visit that does not succeed for \
a reason on your side can make a second fee due before the next visit. The portal shows the amount before you pay.

6. The day of the visit. Nobody has to be home. The technician must be able to reach the meter safely, with nothing in \
the way. For an installation or a replacement, the adapter lies beside the meter in a waterproof package that is easy \
to see, and it is clean, dry and undamaged.

7. What the technician decides. The technician may stop the visit where the site does not meet the program's rules or \
is not safe, and tells you why. You can then choose another adapter, ask for another visit, or withdraw.

8. Your answers. What you say in the request is true as far as you know. If something in this agreement changes, a \
new agreement takes its place and is signed anew.

9. Other approvals. This request does not replace an interconnection application under Rule 21, a building permit or \
any other approval that your project needs.

10. Ending the request. You can withdraw the request until the work is complete. The portal says what is refunded.
""".strip()

AUTHORIZATION = """
1. What the customer allows. The customer lets the company and the person named above fill in, submit, pay for, \
correct, reschedule, change and withdraw this one request, and receive messages about it.

2. What the customer does not allow. The agent may not remove the meter, may not sign the customer's part of this \
agreement, and may not act on any other account of the customer.

3. How long it holds. It holds until the request is complete or withdrawn, at most for the time that the portal \
shows, or until the customer ends it. The \
customer can end it at any time in the portal, with effect at once.

4. What the agent promises. The agent acts in the customer's interest, keeps the customer's information private, and \
tells the customer about anything that the utility asks.
""".strip()

SUBMITTAL = """
1. The agent fills in the application below for the customer, from what the customer said and what the agent saw at \
the site.

2. The agent has checked that the adapter fits the meter socket and the panel, and that the manufacturer's \
requirements are met, or will be met before the visit.

3. The agent has explained to the customer what the visit costs, what must be ready on the day, and that the \
utility's technician alone removes the meter.

4. As far as the agent knows, every statement in the application is true and complete.
""".strip()

CONSENT = (
    "I agree to sign this agreement electronically, and that my typed name has the same effect as my handwritten "
    "signature. This covers this agreement and the copies of it that are sent to me. I can have the agreement on paper "
    "instead: I download it or ask for it, and sign by hand. I can withdraw this consent until I sign, by leaving this "
    "page. I can open, read and keep PDF files, and I can download a copy of what I signed at any time."
)


def add(apps, schema_editor):
    wordings = apps.get_model("requests_app", "AgreementWording")
    wordings.objects.get_or_create(
        version=VERSION,
        defaults={
            "customer_terms": CUSTOMER_TERMS,
            "authorization": AUTHORIZATION,
            "submittal": SUBMITTAL,
            "consent": CONSENT,
            "is_sample": True,
        },
    )


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0002_reference_data")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
