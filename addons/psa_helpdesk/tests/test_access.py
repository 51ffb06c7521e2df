from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import HelpdeskCommon

# Who may read, write, create and delete what, of his own company.
MATRIX = {
    "psa.ticket": {"technician": "rwc", "dispatcher": "rwc", "billing": "r", "administrator": "rwcd", "employee": "r",
                   "client_admin": "r", "stranger": "", "plain": ""},
    "psa.desk": {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "rwcd", "employee": "",
                 "client_admin": "", "stranger": "", "plain": ""},
    "psa.queue": {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "rwcd", "employee": "",
                  "client_admin": "", "stranger": "", "plain": ""},
    "psa.ticket.stage": {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "rwcd", "employee": "r",
                         "client_admin": "r", "stranger": "r", "plain": ""},
    "psa.ticket.option": {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "rwcd", "employee": "r",
                          "client_admin": "r", "stranger": "r", "plain": ""},
    "psa.ticket.tag": {"technician": "rwc", "dispatcher": "rwc", "billing": "r", "administrator": "rwcd", "employee": "",
                       "client_admin": "", "stranger": "", "plain": ""},
    "psa.ticket.link": {"technician": "rcd", "dispatcher": "rcd", "billing": "r", "administrator": "rcd", "employee": "",
                        "client_admin": "", "stranger": "", "plain": ""},
    "psa.ticket.merge.record": {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "r", "employee": "",
                                "client_admin": "", "stranger": "", "plain": ""},
    "psa.rating.request": {"technician": "r", "dispatcher": "r", "billing": "", "administrator": "r", "employee": "",
                           "client_admin": "", "stranger": "", "plain": ""},
    "psa.inbound.mail": {"technician": "rw", "dispatcher": "rw", "billing": "", "administrator": "rwd", "employee": "",
                         "client_admin": "", "stranger": "", "plain": ""},
}
# Configuration of a company: its staff reads it, its administrators change it.
for name in ("psa.ticket.transition", "psa.escalation.contact", "psa.skill", "psa.skill.user"):
    MATRIX[name] = {"technician": "r", "dispatcher": "r", "billing": "r", "administrator": "rwcd", "employee": "",
                    "client_admin": "", "stranger": "", "plain": ""}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}


@tagged("post_install", "-at_install")
class TestAccess(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zoe.psa_portal_role = "employee"
        cls.omar.psa_portal_role = "administrator"
        stranger = cls._new_contact("Sue Stranger", "sue@quarry.test", cls._new_client("Quarry", cls.company, "quarry.test"))
        stranger.psa_portal_role = "administrator"
        cls.users = {
            "technician": cls.technician,
            "dispatcher": cls.dispatcher,
            "billing": cls.billing,
            "administrator": cls.administrator,
            "employee": cls.zoe.user_ids,
            "client_admin": cls.omar.user_ids,
            "stranger": stranger.user_ids,
            "plain": cls._new_staff("hd_plain", "base.group_user"),
        }
        cls.ticket = cls.env["psa.ticket"].create({"name": "Of Zoë", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})
        skill = cls.env["psa.skill"].create({"name": "Tills", "company_id": cls.company.id})
        cls.records = {
            "psa.skill": skill,
            "psa.skill.user": cls.env["psa.skill.user"].create({"skill_id": skill.id, "user_id": cls.technician.id}),
            "psa.ticket.transition": cls.env["psa.ticket.transition"].create({
                "desk_id": cls.desk.id, "to_stage_id": cls.stage_by_state["new"].id}),
            "psa.escalation.contact": cls.env["psa.escalation.contact"].create({
                "desk_id": cls.desk.id, "user_id": cls.technician.id}),
            "psa.ticket": cls.ticket,
            "psa.desk": cls.desk,
            "psa.queue": cls.queue,
            "psa.ticket.stage": cls.env["psa.ticket.stage"].create({"name": "Ours", "company_id": cls.company.id}),
            "psa.ticket.option": cls.env["psa.ticket.option"].create({
                "attribute": "module", "name": "Ours", "company_id": cls.company.id}),
            "psa.ticket.tag": cls.env["psa.ticket.tag"].create({"name": "Ours", "company_id": cls.company.id}),
            **cls._relations(cls.ticket),
            "psa.inbound.mail": cls.env["psa.inbound.mail"].create({
                "name": "x", "reason": "loop", "company_id": cls.company.id, "desk_id": cls.desk.id,
            }),
        }

    @classmethod
    def _relations(cls, ticket):
        """Return a record of each model that says what a ticket has to do with others, and of what its client is asked."""
        values = {"desk_id": ticket.desk_id.id, "partner_id": ticket.partner_id.id}
        other, merged = cls.env["psa.ticket"].create([{"name": "Other", **values}, {"name": "Again", **values}])
        merged._merge(ticket)
        return {
            "psa.ticket.link": cls.env["psa.ticket.link"].create({"ticket_id": ticket.id, "kind": "blocks", "other_id": other.id}),
            "psa.ticket.merge.record": cls.env["psa.ticket.merge.record"].search([("ticket_id", "=", merged.id)]),
            "psa.rating.request": cls.env["psa.rating.request"].create({
                "ticket_id": ticket.id, "partner_id": ticket.partner_id.id, "date_closed": "2026-03-02 12:00:00",
                "date_sent": "2026-03-03 12:00:00", "date_expires": "2026-03-17 12:00:00", "token_hash": "x",
            }),
        }

    def test_every_role_may_do_exactly_what_the_matrix_says(self):
        for model, roles in MATRIX.items():
            for role, allowed in roles.items():
                record = self.records[model].with_user(self.users[role])
                for letter, operation in OPERATIONS.items():
                    target = record.browse() if operation == "create" else record
                    self.assertEqual(
                        target.has_access(operation), letter in allowed, f"{role} {operation} {model}"
                    )

    def test_nobody_reads_over_the_wall_between_companies(self):
        for model, record in self.records.items():
            if "company_id" not in record._fields or not record.company_id:
                continue
            self.assertFalse(record.with_user(self.rival_technician).has_access("read"), model)
            self.assertFalse(record.with_user(self.rival_technician).search([("id", "=", record.id)]), model)

    def test_the_portal_shows_own_tickets_and_to_administrators_those_of_the_client(self):
        of_omar = self._new_ticket(name="Of Omar", partner_id=self.omar.id)
        everything = self.ticket | of_omar
        scope = [("id", "in", everything.ids)]
        Ticket = self.env["psa.ticket"]

        self.assertEqual(Ticket.with_user(self.users["employee"]).search(scope), self.ticket)
        self.assertEqual(Ticket.with_user(self.users["client_admin"]).search(scope), everything)
        self.assertFalse(Ticket.with_user(self.users["stranger"]).search(scope))
        with self.assertRaises(AccessError):
            of_omar.with_user(self.users["employee"]).read(["name"])

    def test_internal_notes_stay_inside(self):
        note = self.ticket.message_post(body="The client is difficult", subtype_xmlid="mail.mt_note")
        answer = self.ticket.message_post(body="It works again", subtype_xmlid="mail.mt_comment")

        for role in ("employee", "client_admin"):
            Message = self.env["mail.message"].with_user(self.users[role])
            seen = Message.search([("model", "=", "psa.ticket"), ("res_id", "=", self.ticket.id)])
            self.assertIn(answer, seen, role)
            self.assertNotIn(note, seen, role)
            with self.assertRaises(AccessError):
                note.with_user(self.users[role]).check_access("read")

    def test_notes_are_mailed_to_no_client(self):
        with self.mock_mail_gateway():
            self.ticket.with_user(self.technician).message_post(body="Secret", subtype_xmlid="mail.mt_note")

        self.assertNotIn(self.zoe, self._new_mails.recipient_ids)

    def test_clients_may_answer_on_the_portal(self):
        ticket = self.ticket.with_user(self.users["employee"])

        ticket.message_post(body="Still broken", message_type="comment", subtype_xmlid="mail.mt_comment")

        self.assertIn("Still broken", self.ticket.message_ids[0].body)

    def test_technicians_cannot_forge_who_is_asked_across_companies(self):
        with self.assertRaises(AccessError):
            self.env["psa.ticket"].with_user(self.rival_technician).create({"name": "x", "desk_id": self.desk.id})
