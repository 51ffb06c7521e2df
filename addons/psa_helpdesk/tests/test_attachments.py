import base64
import gzip
import hashlib
import os
from email.message import EmailMessage

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .common import HelpdeskCommon

TEXT = b"2026-01-12 09:00:00 printer spooler: nothing to do\n" * 400
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 200


def sha1(content):
    """What Odoo calls a file's checksum."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@tagged("post_install", "-at_install")
class TestAttachments(HelpdeskCommon):

    def _attach(self, ticket, name="log.txt", raw=TEXT, user=None, **values):
        Attachment = self.env["ir.attachment"].with_user(user or self.technician)
        return Attachment.create({"name": name, "raw": raw, "res_model": "psa.ticket", "res_id": ticket.id, **values})

    def _path(self, attachment):
        return attachment._full_path(attachment.store_fname)

    def _mail(self, files, message_id="<files@harbour-dental.test>"):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "zoe@harbour-dental.test", self.address, "Files", message_id
        mail.set_content("Here they are")
        for name, content in files:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return self.env["psa.ticket"].browse(self.env["mail.thread"].message_process(False, bytes(mail)))

    def test_a_file_is_kept_packed_and_comes_back_as_it_was(self):
        file = self._attach(self._new_ticket())

        self.assertTrue(file.store_fname.endswith("-gz"))
        with open(self._path(file), "rb") as stored:
            packed = stored.read()
        self.assertLess(len(packed), len(TEXT) * 0.9)
        self.assertEqual(gzip.decompress(packed), TEXT)
        file.invalidate_recordset()
        self.assertEqual(file.raw, TEXT)
        self.assertEqual(base64.b64decode(file.datas), TEXT)
        self.assertEqual(file.file_size, len(TEXT))
        self.assertEqual(file.checksum, sha1(TEXT))
        self.assertEqual(file._file_read(file.store_fname, 10), TEXT[:10])
        self.assertEqual(file.copy().raw, TEXT)

    def test_what_does_not_get_smaller_and_what_is_no_tickets_stays_as_odoo_keeps_it(self):
        ticket = self._new_ticket()
        noise = self._attach(ticket, name="photo.bin", raw=os.urandom(20_000))
        elsewhere = self.env["ir.attachment"].create({"name": "x.txt", "raw": TEXT, "res_model": "res.partner", "res_id": self.zoe.id})
        same = self._attach(ticket)

        self.assertFalse(noise.store_fname.endswith("-gz"))
        self.assertFalse(elsewhere.store_fname.endswith("-gz"))
        self.assertEqual(elsewhere.raw, same.raw)
        self.assertEqual(elsewhere.checksum, same.checksum)

    def test_the_garbage_collector_keeps_what_is_used_and_takes_what_is_not(self):
        ticket = self._new_ticket()
        used, dropped = self._attach(ticket), self._attach(ticket, raw=TEXT + b"more")
        plain = used.checksum[:2] + "/" + used.checksum
        dropped_path = self._path(dropped)
        dropped.sudo().unlink()
        self.env.flush_all()

        self.env["ir.attachment"]._gc_file_store_unsafe()

        used.invalidate_recordset()
        self.assertEqual(used.raw, TEXT)
        self.assertFalse(os.path.exists(dropped_path))
        self.assertFalse(os.path.exists(used._full_path(plain)))

    def test_new_content_is_packed_again(self):
        file = self._attach(self._new_ticket())

        file.write({"raw": TEXT * 2})

        self.assertTrue(file.store_fname.endswith("-gz"))
        self.assertEqual(file.raw, TEXT * 2)
        self.assertEqual(file.checksum, sha1(TEXT * 2))

    def test_a_pending_file_is_packed_once_it_is_sent(self):
        ticket = self._new_ticket()
        file = self.env["ir.attachment"].with_user(self.technician).create({
            "name": "log.txt", "raw": TEXT, "res_model": "mail.compose.message", "res_id": 0,
        })
        self.assertFalse(file.store_fname.endswith("-gz"))

        ticket.with_user(self.technician).message_post(body="See", attachment_ids=file.ids, message_type="comment")

        self.assertTrue(file.store_fname.endswith("-gz"))
        self.assertEqual(ticket.entry_ids.attachment_ids, file)

    def test_everything_is_unpacked_before_the_addon_goes(self):
        file = self._attach(self._new_ticket())

        self.env["ir.attachment"]._psa_unpack_all()

        self.assertFalse(file.store_fname.endswith("-gz"))
        with open(self._path(file), "rb") as stored:
            self.assertEqual(stored.read(), TEXT)

    def test_the_limit_of_the_desk_holds_on_every_way(self):
        self.desk.max_attachment_mb = 1
        large = b"x" * (1024 ** 2 + 1)
        ticket = self._new_ticket()
        message = ticket.with_user(self.technician).message_post(body="x", message_type="comment")
        loose = self.env["ir.attachment"].with_user(self.technician).create({"name": "large.txt", "raw": large})
        ways = {
            "create": lambda: self._attach(ticket, raw=large),
            "as administrator": lambda: self._attach(ticket, raw=large, user=self.administrator),
            "on a message": lambda: self._attach(ticket, raw=large, res_model="mail.message", res_id=message.id),
            "moved onto it": lambda: loose.write({"res_model": "psa.ticket", "res_id": ticket.id}),
            "grown": lambda: self._attach(ticket).write({"raw": large}),
            "posted": lambda: ticket.with_user(self.technician).message_post(body="x", attachments=[("large.txt", large)]),
            "linked": lambda: ticket.with_user(self.technician).message_post(body="x", attachment_ids=loose.ids),
            "entry": lambda: self.env["psa.ticket.entry"].with_user(self.technician).create({
                "ticket_id": ticket.id, "body": "<p>x</p>", "attachment_ids": [(4, loose.id)]}),
        }
        for way, attach in ways.items():
            with self.subTest(way), self.assertRaisesRegex(UserError, "too large"), self.env.cr.savepoint():
                attach()
        self._attach(ticket, raw=b"x" * 1024 ** 2)

    def test_programs_are_refused_by_name_and_by_content(self):
        ticket = self._new_ticket()
        for name, raw in (("setup.exe", b"x"), ("holiday.jpg", PROGRAM), ("run.ps1", b"Get-Item"), ("a.pdf.scr", b"x")):
            with self.subTest(name), self.assertRaisesRegex(UserError, "program or script"), self.env.cr.savepoint():
                self._attach(ticket, name=name, raw=raw)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._attach(ticket).write({"name": "log.exe"})

        self.company.psa_blocked_file_types = "exe"
        self._attach(ticket, name="run.ps1", raw=b"Get-Item")

    def test_a_mail_with_what_is_not_taken_still_becomes_a_ticket_that_names_it(self):
        self.desk.max_attachment_mb = 1

        ticket = self._mail([("log.txt", TEXT), ("setup.exe", PROGRAM), ("large.bin", b"x" * (1024 ** 2 + 1))])

        self.assertEqual(ticket.entry_ids.attachment_ids.mapped("name"), ["log.txt"])
        self.assertEqual(
            sorted(ticket.quarantine_ids.mapped(lambda kept: (kept.name, kept.reason))),
            [("large.bin", "too_large"), ("setup.exe", "executable")],
        )
        note = "".join(ticket.message_ids.mapped("body"))
        self.assertIn("setup.exe", note)
        self.assertIn("large.bin", note)
        self.assertEqual(ticket.quarantine_count, 2)
        self.assertTrue(ticket.history_ids.filtered(lambda row: row.kind == "attachment" and "setup.exe" in (row.description or "")))

    def test_what_is_kept_aside_is_seen_but_not_opened(self):
        ticket = self._mail([("setup.exe", PROGRAM)])
        kept = ticket.quarantine_ids
        file = kept.attachment_id

        for user in (self.technician, self.dispatcher, self.administrator):
            with self.subTest(user.login):
                self.assertEqual(kept.with_user(user).name, "setup.exe")
                self.assertFalse(self.env["ir.attachment"].with_user(user).search([("id", "=", file.id)]))
                for read in (lambda user=user: file.with_user(user).read(["raw"]),
                             lambda user=user: file.with_user(user).generate_access_token(),
                             lambda user=user: file.with_user(user).write({"res_model": "psa.ticket", "res_id": ticket.id})):
                    with self.assertRaises(AccessError):
                        read()
        with self.assertRaises(AccessError):
            kept.with_user(self.rival_technician).read(["name"])
        with self.assertRaises(AccessError):
            kept.with_user(self.technician).action_release()
        with self.assertRaises(AccessError):
            kept.with_user(self.administrator).write({"state": "released"})

    def test_an_administrator_puts_it_onto_the_ticket(self):
        ticket = self._mail([("setup.exe", PROGRAM), ("evil.exe", PROGRAM + b"!")])
        good, evil = ticket.quarantine_ids.sorted("name", reverse=True)
        file = good.attachment_id

        good.with_user(self.administrator).action_release()
        evil.with_user(self.administrator).action_delete_file()

        self.assertEqual(file.with_user(self.technician).raw, PROGRAM)
        self.assertEqual((good.state, evil.state), ("released", "deleted"))
        self.assertEqual(evil.decided_by_id, self.administrator)
        self.assertFalse(evil.attachment_id)

    def test_files_of_others_are_not_told_of(self):
        with self.assertRaises(AccessError):
            self._attach(self._new_ticket(desk_id=self.rival_desk.id, partner_id=self.hal.id))


@tagged("post_install", "-at_install")
class TestDownload(HttpCase):

    def test_the_page_sends_the_original(self):
        desk = self.env["psa.desk"].create({"name": "Files"})
        ticket = self.env["psa.ticket"].create({"name": "x", "desk_id": desk.id})
        file = self.env["ir.attachment"].create({"name": "log.txt", "raw": TEXT, "res_model": "psa.ticket", "res_id": ticket.id})
        self.assertTrue(file.store_fname.endswith("-gz"))
        token = file.generate_access_token()[0]

        answer = self.url_open(f"/web/content/{file.id}?access_token={token}&download=true")

        self.assertEqual(answer.content, TEXT)
        self.assertEqual(answer.headers["Content-Length"], str(len(TEXT)))
        part = self.url_open(f"/web/content/{file.id}?access_token={token}", headers={"Range": "bytes=10-19"})
        self.assertIn(part.content, (TEXT[10:20], TEXT))
