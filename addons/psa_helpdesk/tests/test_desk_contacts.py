from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestDeskContacts(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = cls.env["res.partner"].create({
            "name": "Vendor Hotline", "email": "hotline@vendor.test", "company_id": cls.company.id})
        cls.second = cls.env["psa.queue"].create({"name": "Second", "company_id": cls.company.id})

    def _escalate(self, **values):
        values = {"desk_id": self.desk.id, **values}
        if not values.get("partner_id"):
            values.setdefault("user_id", self.dispatcher.id)
        return self.env["psa.escalation.contact"].create(values)

    def test_a_ladder_is_climbed_by_hours(self):
        lead = self._escalate(level=1, after_hours=2)
        owner = self._escalate(level=2, after_hours=8, user_id=self.administrator.id)
        vendor = self._escalate(level=2, after_hours=4, partner_id=self.vendor.id)

        ladder = self.env["psa.escalation.contact"]._ladder(self.desk, self.queue)

        self.assertEqual(ladder, lead | vendor | owner)
        self.assertFalse(ladder._due(1.5))
        self.assertEqual(ladder._due(4), lead | vendor)
        self.assertEqual(ladder._due(24, told=(lead | vendor).ids), owner)
        self.assertEqual(ladder.recipient_id, self.dispatcher.partner_id | self.vendor | self.administrator.partner_id)

    def test_the_ladder_of_the_queue_goes_before_that_of_the_desk(self):
        of_desk = self._escalate()
        of_queue = self._escalate(desk_id=False, queue_id=self.second.id)
        Contact = self.env["psa.escalation.contact"].with_user(self.technician)

        self.assertEqual(Contact._ladder(self.desk, self.second), of_queue)
        self.assertEqual(Contact._ladder(self.desk, self.queue), of_desk)

    def test_a_contact_has_one_place_and_one_recipient(self):
        for values in (
            {"queue_id": self.second.id}, {"desk_id": False}, {"partner_id": self.vendor.id, "user_id": self.dispatcher.id},
            {"user_id": False}, {"level": 0}, {"after_hours": -1},
        ):
            with self.subTest(values=values), self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self._escalate(**values)

    def test_only_people_of_the_company_are_told(self):
        with self.assertRaisesRegex(ValidationError, "does not belong to"):
            self._escalate(user_id=self.rival_technician.id)
        with self.assertRaises(UserError), self.cr.savepoint():
            self._escalate(partner_id=self.hal.id)
        self.assertEqual(self._escalate().company_id, self.company)

    def test_the_desk_administrator_writes_the_ladder_in_the_form(self):
        self.desk.admin_ids = self.technician
        with Form(self.desk.with_user(self.technician)) as form:
            with form.escalation_contact_ids.new() as line:
                line.user_id = self.dispatcher
                line.after_hours = 1.5
            form.contact_ids.add(self.vendor)
            form.assignment_method = "least_loaded"

        self.assertEqual(self.desk.escalation_contact_ids.user_id, self.dispatcher)
        self.assertEqual(self.desk.assignment_method, "least_loaded")
        with self.assertRaises(AccessError):
            self.env["psa.escalation.contact"].with_user(self.technician).create({
                "queue_id": self.second.id, "user_id": self.dispatcher.id})

    def test_the_queue_form_has_everything(self):
        with Form(self.second.with_user(self.administrator)) as form:
            form.assignment_method = "round_robin"
            form.member_ids.add(self.technician)
            with form.escalation_contact_ids.new() as line:
                line.partner_id = self.vendor
        self.assertEqual(self.second.escalation_contact_ids.recipient_id, self.vendor)
        self.assertFalse(self.second.with_user(self.technician).has_access("write"))

    def test_a_person_works_in_many_queues_and_the_staff_form_shows_and_changes_them(self):
        self.queue.member_ids = self.technician
        self.second.member_ids = self.technician
        self.rival_queue.member_ids = self.rival_technician
        staff = self.env["psa.staff"].search([
            ("user_id", "=", self.technician.id), ("company_id", "=", self.company.id)]) or self.env["psa.staff"].create({
                "user_id": self.technician.id, "company_id": self.company.id, "name": "Tech", "email": "hd_technician@brightwater.test"})
        staff = staff.with_user(self.administrator)
        self.assertEqual(staff.queue_ids, self.queue | self.second)
        with self.assertRaises(AccessError):
            staff.with_user(self.technician).queue_ids = self.second

        staff.queue_ids = self.second
        staff.queue_ids += self.rival_queue

        self.assertEqual(self.rival_queue.member_ids, self.rival_technician)
        self.assertFalse(self.queue.member_ids)
        self.assertEqual(self.second.member_ids, self.technician)
        self.assertEqual(
            self.env["psa.queue"].with_user(self.technician).search([("is_member", "=", True)]), self.second)

    def test_a_ticket_is_given_to_a_queue_a_person_or_both(self):
        both = self._new_ticket(queue_id=self.second.id, user_id=self.technician.id)
        person = self._new_ticket(queue_id=False, user_id=self.technician.id)
        self.assertEqual((both.queue_id, both.user_id), (self.second, self.technician))
        self.assertEqual(person.user_id, self.technician)
        person.queue_id = False
        self.assertFalse(person.queue_id)

    def test_who_leaves_is_on_no_ladder_any_more(self):
        self._escalate(user_id=self.technician.id)
        self._escalate(desk_id=False, queue_id=self.second.id, user_id=self.technician.id)
        skill = self.env["psa.skill"].create({
            "name": "Tills", "company_id": self.company.id, "holder_ids": [(0, 0, {"user_id": self.technician.id})]})
        staff = self.env["psa.staff"].search([
            ("user_id", "=", self.technician.id), ("company_id", "=", self.company.id)]) or self.env["psa.staff"].create({
                "user_id": self.technician.id, "company_id": self.company.id, "name": "Tech", "email": "hd_technician@brightwater.test"})
        self.assertEqual(staff.skill_names, "Tills (Basic)")

        staff._psa_leave_company()

        self.assertFalse(self.env["psa.escalation.contact"].search([("user_id", "=", self.technician.id)]))
        self.assertFalse(skill.holder_ids)
