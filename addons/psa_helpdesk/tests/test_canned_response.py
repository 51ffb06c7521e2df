from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestCannedResponse(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk_admin = cls._new_staff("hd_desk_admin", "psa_crm.group_technician")
        cls.desk.admin_ids = cls.desk_admin
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field", "company_id": cls.company.id})
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _create(self, user, **values):
        values = {"source": "hello", "substitution": "Hello {{contact.name}}", "psa_scope": "personal", **values}
        return self.env["mail.canned.response"].with_user(user).with_context(allowed_company_ids=user.company_ids.ids).create(values)

    def _offered(self, user, ticket=None):
        offered = (ticket or self.ticket).with_user(user).psa_canned_responses()
        return {item["source"]: item["substitution"] for item in offered if item["scope"] != "discuss"}

    def test_a_response_is_filled_in_for_the_ticket(self):
        self._create(self.technician, substitution="Dear {{contact.first_name}}, {{ticket.number}}: {{ my.name }} of {{desk.name}}")

        text = self._offered(self.technician)["hello"]

        self.assertEqual(text, f"Dear Zoë, {self.ticket.number}: {self.technician.name} of Help")

    def test_an_unknown_placeholder_is_refused_with_its_name_and_those_that_exist(self):
        for text in ("{{ticket.secret}}", "{{ticket.partner_id.user_ids}}", "{{contact.name", "{{7*7}}"):
            with self.subTest(text=text), self.assertRaisesRegex(ValidationError, r"(?s)Substitution.*ticket\.number"):
                self._create(self.technician, substitution=text)
        response = self._create(self.technician)
        with self.assertRaisesRegex(ValidationError, "nonsense"):
            response.psa_text_ids = [(0, 0, {"lang": "en_US", "body": "{{nonsense}}"})]

    def test_what_a_client_wrote_is_never_evaluated(self):
        self.ticket.name = "{{my.email}} {{company.phone}}"
        self._create(self.technician, substitution="About {{ticket.subject}}")

        self.assertEqual(self._offered(self.technician)["hello"], "About {{my.email}} {{company.phone}}")

    def test_the_clients_language_decides(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("de_CH")
        self._create(self.administrator, psa_scope="company", psa_text_ids=[(0, 0, {"lang": "de_DE", "body": "Hallo {{contact.name}}"})])

        for lang, text in (("en_US", "Hello Zoë Marsh"), ("de_DE", "Hallo Zoë Marsh"), ("de_CH", "Hallo Zoë Marsh")):
            with self.subTest(lang=lang):
                self.zoe.lang = lang
                self.assertEqual(self._offered(self.technician)["hello"], text)

    def test_everybody_is_offered_what_is_his(self):
        self._create(self.technician, source="mine")
        self._create(self.desk_admin, source="desk", psa_scope="desk", psa_desk_id=self.desk.id)
        self._create(self.administrator, source="other desk", psa_scope="desk", psa_desk_id=self.other_desk.id)
        self._create(self.administrator, source="company", psa_scope="company")
        rival_ticket = self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        self.assertEqual(set(self._offered(self.technician)), {"mine", "desk", "company"})
        self.assertEqual(set(self._offered(self.dispatcher)), {"desk", "company"})
        self.assertEqual(set(self._offered(self.billing)), {"desk", "company"})
        self.assertEqual(self._offered(self.rival_technician, rival_ticket), {})

    def test_who_keeps_which_responses(self):
        shared = {
            "own": ({"psa_scope": "personal"}, (True, True, True)),
            "desk": ({"psa_scope": "desk", "psa_desk_id": self.desk.id}, (False, True, True)),
            "other desk": ({"psa_scope": "desk", "psa_desk_id": self.other_desk.id}, (False, False, True)),
            "company": ({"psa_scope": "company"}, (False, False, True)),
        }
        for name, (values, allowed) in shared.items():
            kept = self._create(self.administrator, **values)
            for user, may in zip((self.technician, self.desk_admin, self.administrator), allowed, strict=True):
                with self.subTest(response=name, user=user.login):
                    self.assertEqual(self._may(lambda user=user, values=values: self._create(user, **values)), may)
                    if name != "own":
                        self.assertEqual(self._may(lambda user=user, kept=kept: kept.with_user(user).write({"source": "x"})), may)
                        self.assertEqual(self._may(lambda user=user, kept=kept: kept.with_user(user).psa_text_ids.create(
                            {"response_id": kept.id, "lang": "en_US", "body": "x"})), may)

    def test_nobody_hands_his_own_response_to_a_desk_or_the_company(self):
        own = self._create(self.technician)
        for values in ({"psa_scope": "company"}, {"psa_scope": "desk", "psa_desk_id": self.desk.id}):
            with self.subTest(values=values), self.assertRaisesRegex(AccessError, "Only me"), self.cr.savepoint():
                own.with_user(self.technician).write(values)

    def test_ones_own_response_stays_ones_own(self):
        own = self._create(self.technician)

        self.assertFalse(own.with_user(self.dispatcher).has_access("read"))
        self.assertFalse(own.with_user(self.administrator).has_access("write"))

    def test_the_form_shows_the_text_on_a_real_ticket(self):
        with Form(self.env["mail.canned.response"].with_user(self.technician).with_context(default_psa_scope="personal"),
                  view="psa_helpdesk.view_psa_canned_response_form") as form:
            form.source = "hi"
            form.substitution = "Dear {{contact.name}}"
            form.psa_preview_ticket_id = self.ticket
            self.assertEqual(form.psa_preview, "Dear Zoë Marsh")

    def _may(self, attempt):
        try:
            with self.cr.savepoint(flush=True):
                attempt()
                self.env.flush_all()
                raise ZeroDivisionError
        except ZeroDivisionError:
            return True
        except AccessError:
            return False
        finally:
            self.env.invalidate_all(flush=False)
