import base64
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestMerge(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag_old, cls.tag_new = cls.env["psa.ticket.tag"].create([
            {"name": "Old", "company_id": cls.company.id}, {"name": "New", "company_id": cls.company.id},
        ])
        cls.survivor = cls.env["psa.ticket"].create({
            "name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "tag_ids": [(4, cls.tag_old.id)],
            "user_id": cls.technician.id,
        })
        cls.merged = cls.env["psa.ticket"].create({
            "name": "Printer again", "desk_id": cls.desk.id, "partner_id": cls.omar.id, "tag_ids": [(4, cls.tag_new.id)],
            "description": "<p>It jams in the front office</p>",
        })
        cls.quarry = cls._new_client("Quarry", cls.company, "quarry.test")
        cls.sue = cls._new_contact("Sue Stone", "sue@quarry.test", cls.quarry)

    def _merge(self, merged, survivor, user=None, **options):
        merged.with_user(user or self.technician)._merge(survivor.with_user(user or self.technician), **options)

    def _words(self, ticket):
        return self.env["mail.message"].search([
            ("model", "=", "psa.ticket"), ("res_id", "=", ticket.id), ("message_type", "in", ("comment", "email")),
        ], order="id")

    def _mail(self, sender, subject, reply_to=None, body="Any news?"):
        number = self.env["mail.message"].search_count([])
        headers = f"In-Reply-To: {reply_to}\r\nReferences: {reply_to}\r\n" if reply_to else ""
        return self.env["mail.thread"].message_process(False, (
            f"From: {sender}\r\nTo: {self.address}\r\nSubject: {subject}\r\n"
            f"Message-ID: <merge-{number}@client.test>\r\n{headers}\r\n{body}\r\n"
        ))

    def test_what_hangs_on_the_merged_ticket_moves(self):
        said = self.merged.message_post(body="Please hurry", message_type="comment", subtype_xmlid="mail.mt_comment",
                                        author_id=self.omar.id)
        note = self.merged.with_user(self.technician).message_post(body="Old model", subtype_xmlid="mail.mt_note")
        file = self.env["ir.attachment"].create({
            "name": "photo.txt", "datas": base64.b64encode(b"x"), "res_model": "psa.ticket", "res_id": self.merged.id,
        })
        activity = self.merged.activity_schedule("mail.mail_activity_data_todo", user_id=self.technician.id)
        asset = self.env["psa.asset"].create({"name": "Printer 1", "client_id": self.dental.id, "company_id": self.company.id})
        self.merged.write({"asset_ids": [(4, asset.id)], "email_cc": "boss@harbour-dental.test"})
        entries = self.merged.entry_ids

        self._merge(self.merged, self.survivor)

        self.assertLessEqual(said | note, self._words(self.survivor) | note)
        self.assertEqual((said.res_id, file.res_id, activity.res_id), (self.survivor.id,) * 3)
        self.assertLessEqual(entries, self.survivor.entry_ids)
        self.assertFalse(self.merged.entry_ids)
        self.assertEqual(self.survivor.tag_ids, self.tag_old | self.tag_new)
        self.assertEqual(self.survivor.asset_ids, asset)
        self.assertIn("boss@harbour-dental.test", self.survivor.email_cc)
        self.assertIn(self.omar, self.survivor.message_partner_ids)
        self.assertFalse(said.is_internal)
        self.assertIn("It jams in the front office", "".join(self.survivor.message_ids.mapped("body")))

    def test_where_nothing_can_be_cancelled_closing_asks_for_nothing(self):
        self.env["psa.ticket.stage"].search([("state", "=", "cancelled")]).active = False
        self._attribute(self.desk, "category").required = "close"

        self.merged.with_user(self.technician)._merge(self.survivor.with_user(self.technician))

        self.assertEqual(self.merged.state, "closed")
        self.assertFalse(self.merged.category_id)

    def test_the_merged_ticket_is_cancelled_found_by_number_and_leads_to_the_survivor(self):
        self._merge(self.merged, self.survivor)

        merged = self.merged.with_user(self.technician)
        self.assertEqual((merged.state, merged.merged_into_id, merged.is_merged), ("cancelled", self.survivor, True))
        self.assertEqual(merged.name_search(self.merged.number)[0][0], self.merged.id)
        self.assertEqual(self.survivor.with_user(self.technician).merged_ids, self.merged)
        self.assertEqual(merged.action_view_survivor()["res_id"], self.survivor.id)
        self.assertEqual(merged.search([("is_merged", "=", True), ("client_id", "=", self.dental.id)]), merged)
        self.assertEqual(merged.search([("merged_into_id", "=", self.survivor.id)]), merged)

    def test_both_histories_say_what_moved(self):
        self.merged.message_post(body="Hurry", message_type="comment", subtype_xmlid="mail.mt_comment")

        self._merge(self.merged, self.survivor)

        for ticket, other in ((self.merged, self.survivor), (self.survivor, self.merged)):
            row = ticket.history_ids.filtered(lambda row: row.kind == "merge")
            self.assertEqual(len(row), 1)
            self.assertIn(other.number, row.description)
            self.assertIn("Message: 1", row.description)
            self.assertEqual(row.user_id, self.technician)

    def test_several_are_merged_at_once_from_the_list_into_the_oldest(self):
        third = self._new_ticket(name="Third", partner_id=self.omar.id)
        wizard = Form(self.env["psa.ticket.merge"].with_user(self.technician).with_context(
            active_model="psa.ticket", active_ids=(third | self.merged | self.survivor).ids
        ))
        self.assertEqual(wizard.survivor_id, self.survivor)

        action = wizard.save().action_merge()

        self.assertEqual(action["res_id"], self.survivor.id)
        self.assertEqual((third | self.merged).mapped("state"), ["cancelled", "cancelled"])
        self.assertEqual(self.survivor.with_user(self.technician).merged_count, 2)

    def test_a_reply_to_a_merged_ticket_reaches_the_survivor(self):
        with self.mock_mail_gateway():
            answer = self.merged.with_user(self.technician).message_post(
                body="Which one?", message_type="comment", subtype_xmlid="mail.mt_comment")
        log = self.merged.message_ids.filtered(lambda message: message.message_type == "notification")[:1]
        self._merge(self.merged, self.survivor)
        self.survivor.action_resolve()

        with self.mock_mail_gateway():
            self._mail("Omar <omar@harbour-dental.test>", "Re: Printer again", answer.message_id, "The one in front")
            self.assertIn("The one in front", self._words(self.survivor)[-1].body)
            self.assertFalse(self._words(self.survivor)[-1].is_internal)
            self.assertEqual(self.survivor.state, "open")
            # What the system noted stayed behind, and an answer to that is led over, too.
            self._mail("Omar <omar@harbour-dental.test>", "Re: Printer again", log.message_id, "Really")
            self.assertIn("Really", self._words(self.survivor)[-1].body)
        self.assertEqual(self.merged.state, "cancelled")

    def test_a_mail_with_the_number_of_a_merged_ticket_reaches_the_survivor(self):
        self._merge(self.merged, self.survivor)

        with self.mock_mail_gateway():
            self._mail("Omar <omar@harbour-dental.test>", f"Re: [{self.merged.number}] Printer", body="By number")

        self.assertIn("By number", self._words(self.survivor)[-1].body)

    def test_replies_to_the_first_of_a_chain_reach_the_last(self):
        last = self._new_ticket(name="The real one")
        self._merge(self.merged, self.survivor)
        self._merge(self.survivor, last)

        with self.mock_mail_gateway():
            self._mail("Omar <omar@harbour-dental.test>", f"Re: [{self.merged.number}] Printer", body="Along the chain")

        self.assertIn("Along the chain", self._words(last)[-1].body)
        self.assertEqual(self.merged._survivor(), last)

    def test_what_a_client_still_says_on_the_merged_page_is_said_to_the_survivor(self):
        self.omar.psa_portal_role = "administrator"
        self._merge(self.merged, self.survivor)

        self.merged.with_user(self.omar.user_ids).sudo().message_post(
            body="Still me", message_type="comment", subtype_xmlid="mail.mt_comment", author_id=self.omar.id)

        self.assertIn("Still me", self._words(self.survivor)[-1].body)
        self.assertEqual(self.merged.state, "cancelled")

    def test_tickets_of_two_clients_are_never_merged_silently(self):
        stranger = self._new_ticket(name="Quarry's printer", partner_id=self.sue.id)

        with self.assertRaisesRegex(UserError, "not of the same client"):
            self._merge(stranger, self.survivor)
        wizard = self.env["psa.ticket.merge"].with_user(self.technician).create({
            "ticket_ids": [(6, 0, (stranger | self.survivor).ids)], "survivor_id": self.survivor.id,
        })
        self.assertTrue(wizard.has_strangers)
        with self.assertRaises(UserError):
            wizard.action_merge()

    def test_clients_do_not_see_each_others_words_after_a_confirmed_merger(self):
        stranger = self._new_ticket(name="Quarry's printer", partner_id=self.sue.id, description="<p>Secret of Quarry</p>")
        said = stranger.message_post(body="Our alarm code is 1234", message_type="comment", subtype_xmlid="mail.mt_comment",
                                     author_id=self.sue.id)
        self.zoe.psa_portal_role = "administrator"
        zoe = self.zoe.user_ids
        file = self.env["ir.attachment"].create({
            "name": "plan.txt", "datas": base64.b64encode(b"x"), "res_model": "psa.ticket", "res_id": stranger.id,
        })

        self._merge(stranger, self.survivor, allow_strangers=True)
        with self.mock_mail_gateway():
            self._mail("Sue <sue@quarry.test>", f"Re: [{stranger.number}] Quarry's printer", body="The code changed")
            self._mail("Sue <sue@quarry.test>", "Re: Quarry's printer", said.message_id, "It is 9876 now")

        seen = self.env["mail.message"].with_user(zoe).search([("model", "=", "psa.ticket"), ("res_id", "=", self.survivor.id)])
        self.assertFalse([message for message in seen if "Quarry" in (message.body or "") or "code" in (message.body or "")])
        entries = self.env["psa.ticket.entry"].with_user(zoe).search([("ticket_id", "=", self.survivor.id)])
        self.assertFalse(entries.filtered(lambda entry: "Quarry" in entry.body or "code" in entry.body))
        self.assertFalse(file.with_user(zoe).has_access("read"))
        notes = self._words(self.survivor).filtered(lambda message: message.author_id == self.sue)
        self.assertEqual(len(notes), 3)
        self.assertTrue(all(note.is_internal and note.subtype_id == self.env.ref("mail.mt_note") for note in notes))
        self.assertNotIn(self.sue, self.survivor.message_partner_ids)
        self.assertFalse([mail for mail in self._mails if "zoe@harbour-dental.test" in str(mail["email_to"])])
        # Who works the ticket is told that there is something to read.
        self.assertTrue(self._new_mails.filtered(lambda mail: "Answer from another client" in (mail.subject or "")))

    def test_the_survivors_own_client_still_writes_publicly_after_such_a_merger(self):
        stranger = self._new_ticket(name="Quarry's printer", partner_id=self.sue.id)
        self._merge(stranger, self.survivor, allow_strangers=True)

        with self.mock_mail_gateway():
            self._mail("Zoë <zoe@harbour-dental.test>", f"Re: [{self.survivor.number}] Printer", body="Thanks")

        self.assertFalse(self._words(self.survivor)[-1].is_internal)

    def test_tickets_of_two_companies_are_not_merged(self):
        foreign = self.env["psa.ticket"].create({"name": "Theirs", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        with self.assertRaises(AccessError):
            self._merge(foreign, self.survivor, allow_strangers=True)
        with self.assertRaisesRegex(UserError, "different companies"):
            foreign._merge(self.survivor, allow_strangers=True)

    def test_a_ticket_is_merged_once(self):
        third = self._new_ticket(name="Third")
        self._merge(self.merged, self.survivor)

        with self.assertRaisesRegex(UserError, f"already merged into {self.survivor.number}"):
            self._merge(self.merged, third)
        with self.assertRaisesRegex(UserError, "already merged"):
            self._merge(third, self.merged)
        with self.assertRaisesRegex(UserError, "at least two"):
            self._merge(third, third)

    def test_a_merged_ticket_is_not_opened_again(self):
        self._merge(self.merged, self.survivor)

        with self.assertRaisesRegex(UserError, "take the merger back"), self.cr.savepoint():
            self.merged.with_user(self.technician).action_reopen()
        with self.assertRaises(UserError):
            self.merged.write({"stage_id": self.stage_by_state["new"].id})

    def test_who_may_only_read_merges_nothing(self):
        with self.assertRaises(AccessError):
            self._merge(self.merged, self.survivor, user=self.billing)

    def test_links_children_and_incidents_are_handed_over(self):
        blocker, child, incident = (self._new_ticket(name=name) for name in ("Blocker", "Child", "Incident"))
        Link = self.env["psa.ticket.link"]
        Link.create({"ticket_id": self.merged.id, "kind": "blocked_by", "other_id": blocker.id})
        Link.create({"ticket_id": self.merged.id, "kind": "duplicates", "other_id": self.survivor.id})
        child.parent_id = self.merged
        incident.problem_id = self.merged

        self._merge(self.merged, self.survivor)

        self.assertRecordValues(self.survivor.link_ids, [{"kind": "blocked_by", "other_id": blocker.id}])
        self.assertFalse(self.merged.link_ids)
        self.assertEqual((child.parent_id, incident.problem_id), (self.survivor, self.survivor))
        self.assertTrue(self.survivor.is_problem)

    def test_links_that_would_lead_in_a_circle_are_left_out(self):
        between = self._new_ticket(name="Between")
        Link = self.env["psa.ticket.link"]
        Link.create({"ticket_id": self.merged.id, "kind": "blocks", "other_id": between.id})
        Link.create({"ticket_id": between.id, "kind": "blocks", "other_id": self.survivor.id})

        self._merge(self.merged, self.survivor)

        self.assertRecordValues(self.survivor.link_ids, [{"kind": "blocked_by", "other_id": between.id}])

    def test_a_part_that_survives_takes_the_place_of_the_whole(self):
        whole = self._new_ticket(name="Whole")
        self.merged.parent_id = whole
        self.survivor.parent_id = self.merged

        self._merge(self.merged, self.survivor)

        self.assertEqual(self.survivor.parent_id, whole)

    def test_a_merger_is_taken_back(self):
        said = self.merged.message_post(body="Please hurry", message_type="comment", subtype_xmlid="mail.mt_comment")
        child = self._new_ticket(name="Child", parent_id=self.merged.id)
        entries = self.merged.entry_ids
        self.merged.action_assign_to_me()
        self.merged._move_to_state("waiting")
        self._merge(self.merged, self.survivor)
        later = self.survivor.message_post(body="Meanwhile", message_type="comment", subtype_xmlid="mail.mt_comment")
        merged = self.merged.with_user(self.technician)
        self.assertTrue(merged.can_unmerge)

        merged.action_unmerge()

        self.assertEqual((merged.state, merged.is_merged, said.res_id, child.parent_id), ("waiting", False, merged.id, merged))
        self.assertEqual(merged.entry_ids, entries)
        self.assertEqual(later.res_id, self.survivor.id)
        self.assertEqual(len(merged.history_ids.filtered(lambda row: row.kind == "merge")), 2)
        with self.assertRaises(UserError):
            merged.action_unmerge()
        self._merge(self.merged, self.survivor)
        self.assertTrue(self.merged.is_merged)

    def test_words_of_another_client_are_public_again_on_his_own_ticket(self):
        stranger = self._new_ticket(name="Quarry's printer", partner_id=self.sue.id)
        said = stranger.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        note = stranger.message_post(body="Difficult", message_type="comment", subtype_xmlid="mail.mt_note")
        self._merge(stranger, self.survivor, allow_strangers=True)
        self.assertTrue(said.is_internal)

        stranger.with_user(self.technician).action_unmerge()

        self.assertFalse(said.is_internal)
        self.assertEqual(said.subtype_id, self.env.ref("mail.mt_comment"))
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertEqual(stranger.entry_ids.sorted("id").mapped("is_internal"), [False, True])

    def test_a_merger_is_not_taken_back_after_two_weeks(self):
        self._merge(self.merged, self.survivor)

        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            self.merged.invalidate_recordset()
            self.assertFalse(self.merged.with_user(self.technician).can_unmerge)
            with self.assertRaises(UserError):
                self.merged.with_user(self.technician).action_unmerge()

    def test_contacts_are_told_only_if_wanted(self):
        for told, wanted in ((False, False), (True, True)):
            merged = self._new_ticket(name="Again", partner_id=self.omar.id)
            wizard = self.env["psa.ticket.merge"].with_user(self.technician).create({
                "ticket_ids": [(6, 0, merged.ids)], "survivor_id": self.survivor.id, "notify_contact": wanted,
            })
            with self.mock_mail_gateway():
                wizard.action_merge()
            self.assertEqual(bool([mail for mail in self._mails if "omar@" in str(mail["email_to"])]), told)

    def test_nobody_merges_by_writing_fields(self):
        with self.assertRaises(AccessError):
            self.merged.with_user(self.technician).write({"merged_ref_id": self.survivor.id})

    def test_where_a_ticket_went_is_not_told_to_who_may_not_read_it(self):
        stranger = self._new_ticket(name="Quarry's printer", partner_id=self.sue.id)
        self._merge(stranger, self.survivor, allow_strangers=True)
        self.sue.psa_portal_role = "administrator"
        seen = stranger.with_user(self.sue.user_ids)

        self.assertTrue(seen.is_merged)
        self.assertFalse(seen.merged_into_id)
        self.assertFalse(seen.read(["merged_into_id"])[0]["merged_into_id"])
