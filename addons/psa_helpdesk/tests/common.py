from odoo.addons.mail.tests.common import MailCommon
from odoo.addons.psa_crm.tests.common import new_test_users, spare_onboarding
from odoo.tests import new_test_user


class HelpdeskCommon(MailCommon):
    """Brightwater serves the client Harbour Dental; its rival, another company on the same database, serves Hilltop."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        spare_onboarding(cls)
        cls.company = cls.company_admin  # MailCommon's main company, with an alias domain
        cls.rival = cls.env["res.company"].create({"name": "Rival IT", "alias_domain_id": cls.mail_alias_domain.id})
        cls.technician, cls.dispatcher, cls.billing, cls.administrator = new_test_users(
            cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids}),
            hd_technician="psa_crm.group_technician",
            hd_dispatcher="psa_crm.group_dispatcher",
            hd_billing="psa_crm.group_billing",
            hd_administrator="psa_crm.group_company_admin",
        ).with_env(cls.env)
        cls.rival_technician = cls._new_staff("hd_rival", "psa_crm.group_technician", company=cls.rival)

        cls.queue = cls.env["psa.queue"].create({"name": "First Line", "company_id": cls.company.id})
        cls.desk = cls.env["psa.desk"].create({
            "name": "Help", "code": "HLP", "company_id": cls.company.id, "alias_name": "help",
            "alias_domain_id": cls.mail_alias_domain.id, "default_queue_id": cls.queue.id, "queue_ids": [(4, cls.queue.id)],
        })
        cls.rival_queue = cls.env["psa.queue"].create({"name": "Rival Line", "company_id": cls.rival.id})
        cls.rival_desk = cls.env["psa.desk"].create({
            "name": "Rival Help", "code": "RVL", "company_id": cls.rival.id, "alias_name": "rival-help",
            "alias_domain_id": cls.mail_alias_domain.id, "default_queue_id": cls.rival_queue.id,
        })

        cls.dental = cls._new_client("Harbour Dental", cls.company, "harbour-dental.test")
        cls.zoe = cls._new_contact("Zoë Marsh", "zoe@harbour-dental.test", cls.dental)
        cls.omar = cls._new_contact("Omar Lund", "omar@harbour-dental.test", cls.dental)
        cls.hilltop = cls._new_client("Hilltop Legal", cls.rival, "hilltop.test")
        cls.hal = cls._new_contact("Hal Hill", "hal@hilltop.test", cls.hilltop)

        cls.stage_by_state = {
            state: cls.env.ref(f"psa_helpdesk.stage_{state}")
            for state in ("new", "open", "waiting", "on_hold", "resolved", "closed", "cancelled")
        }
        cls.address = f"help@{cls.mail_alias_domain.name}"

    def setUp(self):
        # What the class's own data has tracked is posted here, once for all its tests: behind the savepoint that Odoo sets
        # next it would be rolled back, and posted again before each of them.
        self.flush_tracking()
        super().setUp()

    @classmethod
    def _activate_multi_company(cls):
        """Leave out Odoo's two further companies and their people: the rival is the one that tests are about."""

    @classmethod
    def _new_staff(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env, login, groups=groups, email=f"{login}@brightwater.test", notification_type="email",
            company_id=company.id, company_ids=[(6, 0, company.ids)], context={"no_reset_password": True},
        )

    @classmethod
    def _new_client(cls, name, company, mail_domain):
        return cls.env["res.partner"].create({
            "name": name, "is_company": True, "psa_is_client": True, "company_id": company.id,
            "psa_mail_domain_ids": [(0, 0, {"name": mail_domain, "company_id": company.id})],
        })

    @classmethod
    def _new_contact(cls, name, email, client):
        return cls.env["res.partner"].create({
            "name": name, "email": email, "parent_id": client.id, "company_id": client.company_id.id,
        })

    @classmethod
    def _attribute(cls, desk, attribute):
        """Return how a desk uses an attribute."""
        return desk.attribute_ids.filtered(lambda row: row.attribute == attribute)

    def _new_ticket(self, **values):
        return self.env["psa.ticket"].create({"name": "Printer jams", "desk_id": self.desk.id, "partner_id": self.zoe.id, **values})
