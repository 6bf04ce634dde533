from msa_portal.notices.outbox import Notice


class CompanyInvitation(Notice):
    name = "account/company_invitation"
    audience = "whom a company's manager adds"
