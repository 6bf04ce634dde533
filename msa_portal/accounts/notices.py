from msa_portal.notices.outbox import Notice


class CompanyInvitation(Notice):
    name = "account/company_invitation"
    audience = "whom a company's manager adds"


class PasswordRemoved(Notice):
    name = "account/password_removed"
    audience = "the person who first proves an address, if the account already had a password"
