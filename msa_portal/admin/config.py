from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "msa_portal.admin.site.PortalAdminSite"
