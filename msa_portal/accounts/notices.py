from msa_portal.notices.outbox import Notice


class CompanyInvitation(Notice):
    name = "account/company_invitation"
    audience = "whom a company's manager adds"


class PasswordRemoved(Notice):
    name = "account/password_removed"
    audience = "whoever proves an address first, where the account had a password already"
