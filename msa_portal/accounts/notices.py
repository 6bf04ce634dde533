from msa_portal.notices.outbox import Notice


class CompanyInvitation(Notice):
    name = "account/company_invitation"
    audience = "whom a company's manager invites to join"


class CompanyClosed(Notice):
    name = "account/company_closed"
    audience = "the people of a company that its manager closed"


class LicenseExpires(Notice):
    name = "account/license_expires"
    audience = "managers of a company whose license nears its last day"


class PasswordRemoved(Notice):
    name = "account/password_removed"
    audience = "the person who first proves an address, if the account already had a password"
