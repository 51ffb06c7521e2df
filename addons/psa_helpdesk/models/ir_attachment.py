import contextlib
import gzip
import os
import tempfile
import zlib

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, human_size

from ..core import attachment_rules

TICKET = "psa.ticket"
KEPT_ASIDE = "psa.ticket.quarantine"
UNPACK_BATCH = 100
RELEASED = object()


class IrAttachment(models.Model):
    """Files of tickets: no larger than the desk takes, no programs, and packed in the filestore.

    A packed file lies beside Odoo's own as ``<sha1>-gz``; checksum, size and all that is read are those of the original. The name is
    all it takes to know it, so whoever reads a file by Odoo's methods gets the original, and the garbage collector sees a file like
    any other. What is not a ticket's is left alone.
    """

    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        attachments = super().create(vals_list)
        attachments._psa_take_into_tickets()
        return attachments

    def write(self, vals):
        result = super().write(vals)
        # The context of a remote call holds plain data only, so nobody outside can pass this.
        is_released = self.env.context.get("psa_released") is RELEASED
        if not is_released and vals.keys() & {"raw", "datas", "res_model", "res_id", "name"}:
            self._psa_take_into_tickets()
        return result

    def _check_contents(self, values):
        # Evidence is kept as it came: Odoo would scale large pictures down.
        if values.get("res_model") == TICKET or (self and all(attachment.res_model == TICKET for attachment in self)):
            return super(IrAttachment, self.with_context(image_no_postprocess=True))._check_contents(values)
        return super()._check_contents(values)

    @api.model
    def _file_read(self, fname, size=None):
        if not fname.endswith(attachment_rules.PACKED_SUFFIX):
            return super()._file_read(fname, size)
        packed = super()._file_read(fname)
        if not packed:
            return packed
        content = attachment_rules.unpack(packed)
        return content if size is None else content[:size]

    def _to_http_stream(self):
        stream = super()._to_http_stream()
        if stream.type == "path" and self.store_fname and self.store_fname.endswith(attachment_rules.PACKED_SUFFIX):
            stream.type, stream.path = "data", None
            stream.data = self.raw
            stream.size = len(stream.data)
        return stream

    def _check_access(self, operation):
        """Keep what is kept aside away from every way but its release."""
        result = super()._check_access(operation)
        if self.env.su:
            return result
        kept = self.sudo().filtered(lambda attachment: attachment.res_model == KEPT_ASIDE).sudo(False)
        if not kept:
            return result
        forbidden = kept | (result[0] if result else self.browse())
        return self.browse(attachment.id for attachment in self if attachment in forbidden), lambda: AccessError(self.env._(
            "This file is kept aside. A company administrator can put it onto its ticket."))

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        if not self.env.su and not bypass_access:
            domain = Domain(domain) & Domain("res_model", "!=", KEPT_ASIDE)
        return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)

    def _inaccessible_comodel_records(self, model_and_ids, operation):
        yield from super()._inaccessible_comodel_records(model_and_ids, operation)
        if not self.env.su:
            yield from ((KEPT_ASIDE, res_id) for res_id in model_and_ids.get(KEPT_ASIDE, ()) if res_id)

    def _psa_release(self, ticket):
        """Put a file that was kept aside onto its ticket, past what the desk takes."""
        self.sudo().with_context(psa_released=RELEASED).write({"res_model": TICKET, "res_id": ticket.id})

    def _psa_move_to_ticket(self, ticket):
        """Hang files onto a ticket that the user uploaded for it, and refuse those he may not read."""
        if not self:
            return
        self.check_access("read")
        fresh = self.filtered(lambda attachment: not attachment.res_id and attachment.create_uid == self.env.user)
        fresh.write({"res_model": ticket._name, "res_id": ticket.id})

    def _psa_take_into_tickets(self):
        """Check the files that now belong to tickets against what their desks take, and pack them."""
        files = self.sudo().filtered(
            lambda attachment: attachment.type == "binary" and not attachment.res_field
            and attachment.res_model in (TICKET, "mail.message") and attachment.res_id
        )
        tickets = files._psa_tickets()
        files = files.filtered(lambda attachment: attachment in tickets)
        files._psa_check_limits(tickets)
        files.filtered(lambda attachment: attachment.res_model == TICKET)._psa_pack()

    def _psa_tickets(self):
        """Return {attachment: its ticket} for those that hang on a ticket or on a message of one."""
        tickets = {file: self.env[TICKET].sudo().browse(file.res_id) for file in self if file.res_model == TICKET}
        on_messages = self.filtered(lambda file: file.res_model == "mail.message")
        messages = self.env["mail.message"].sudo().browse(on_messages.mapped("res_id")).exists()
        ticket_ids = {message.id: message.res_id for message in messages if message.model == TICKET and message.res_id}
        for file in on_messages:
            if file.res_id in ticket_ids:
                tickets[file] = self.env[TICKET].sudo().browse(ticket_ids[file.res_id])
        return tickets

    def _psa_check_limits(self, tickets):
        """Raise about the first file that the desk of its ticket does not take."""
        for file in self:
            limits = tickets[file]._attachment_limits()
            reason = attachment_rules.refusal(file.name, file.file_size, file._psa_head(), limits)
            if reason:
                raise UserError(self._psa_refusal_text(reason, file.name, file.file_size, limits))

    @api.model
    def _psa_refusal_text(self, reason, name, size, limits):
        """Say why a file is not taken and what to do."""
        if reason == attachment_rules.TOO_LARGE:
            return self.env._(
                "“%(name)s” is too large (%(size)s): files of a ticket may have up to %(limit)s. Send a link to it, or a smaller file.",
                name=name, size=human_size(size), limit=human_size(limits.max_bytes),
            )
        return self.env._("“%s” is a program or script, which tickets do not take. Put it into a ZIP file if it is needed.", name)

    def _psa_head(self):
        """Return the first bytes of the file."""
        self.ensure_one()
        if self.store_fname:
            return self._file_read(self.store_fname, attachment_rules.HEAD_SIZE)
        return (self.db_datas or b"")[:attachment_rules.HEAD_SIZE]

    def _psa_pack(self):
        """Keep the files compressed where that saves a tenth or more."""
        packed = {}
        for file in self:
            fname = file.store_fname
            if fname and not fname.endswith(attachment_rules.PACKED_SUFFIX) and file.file_size >= attachment_rules.MIN_TO_PACK:
                content = attachment_rules.pack(file._file_read(fname))
                if content:
                    packed[file] = content
        if not packed:
            return
        old_names = [file.store_fname for file in packed]
        # As Odoo does: the row is written first, so that the garbage collector waits for the end of the transaction.
        self._psa_set_fnames({file: file.store_fname + attachment_rules.PACKED_SUFFIX for file in packed})
        for file, content in packed.items():
            file._psa_write_file(file.store_fname, content)
        for fname in old_names:
            self._file_delete(fname)

    def _psa_set_fnames(self, fnames):
        self.flush_model(["store_fname"])
        self.env.execute_query(SQL(
            """
            UPDATE ir_attachment SET store_fname = row.fname FROM (VALUES %s) AS row (id, fname)
            WHERE ir_attachment.id = row.id RETURNING 1
            """,
            SQL(", ").join(SQL("(%s::int, %s)", file.id, fname) for file, fname in fnames.items()),
        ))
        self.browse(file.id for file in fnames).invalidate_recordset(["store_fname", "raw", "datas"], flush=False)

    @api.model
    def _psa_write_file(self, fname, content):
        """Write a file of the filestore in one go: a reader sees all of it or nothing."""
        path = self._full_path(fname)
        self._mark_for_gc(fname)
        if os.path.exists(path):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    @api.model
    def _psa_unpack_all(self):
        """Give all files back to Odoo as it knows them; without this addon nobody could read them."""
        self.env.cr.execute(
            "SELECT id, store_fname FROM ir_attachment WHERE store_fname LIKE %s ORDER BY id", [f"%{attachment_rules.PACKED_SUFFIX}"]
        )
        rows = self.env.cr.fetchall()
        for start in range(0, len(rows), UNPACK_BATCH):
            fnames = {}
            for attachment_id, fname in rows[start:start + UNPACK_BATCH]:
                with contextlib.suppress(EOFError, gzip.BadGzipFile, zlib.error):
                    content = self._file_read(fname)
                    plain = fname.removesuffix(attachment_rules.PACKED_SUFFIX)
                    self._psa_write_file(plain, content)
                    fnames[self.browse(attachment_id)] = plain
                    self._file_delete(fname)
            if fnames:
                self._psa_set_fnames(fnames)
