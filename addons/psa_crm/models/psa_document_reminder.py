from odoo import api, fields, models
from odoo.tools import format_date

REMINDER_BATCH = 100
REMINDER_ACTIVITY = 'psa_crm.mail_activity_type_document_expiry'


class PsaDocument(models.Model):
    """Reminds of documents that are about to end: once for each document and end of validity."""

    _inherit = 'psa.document'

    def _settle_reminders(self):
        """Close the reminders of documents that were prolonged or archived."""
        today = fields.Date.today()
        settled = self.filtered(lambda document: not document.active or not document.date_end or document.date_end > today)
        settled = settled.filtered(lambda document: document.reminded_until and (
            not document.active or document.reminded_until != document.date_end))
        if settled:
            settled.activity_feedback([REMINDER_ACTIVITY], feedback=self.env._("The validity was changed, or the document archived."))

    @api.model
    def _cron_remind(self):
        """Remind of what is due. The mark that somebody was reminded is set in the transaction that makes the activity."""
        documents_sudo = self.sudo()
        domain = [('reminder_date', '<=', fields.Date.today())]
        remaining = documents_sudo.search_count(domain)
        while remaining:
            documents = documents_sudo.search(
                domain, limit=REMINDER_BATCH, order='reminder_date, id').try_lock_for_update(allow_referencing=True)
            if not documents:
                break
            documents._remind()
            remaining = max(0, remaining - len(documents))
            if not self.env['ir.cron']._commit_progress(len(documents), remaining=remaining):
                break

    def _remind(self):
        """Make an activity for whom each document concerns, and note for which end that was."""
        # Whoever held the lock before may have done it already.
        self.invalidate_recordset(['reminder_date'])
        due = self.filtered('reminder_date')
        users = due._whom_to_remind()
        activity_type = self.env.ref(REMINDER_ACTIVITY, raise_if_not_found=False)
        today = fields.Date.today()
        # An activity each, and no mail on top of each.
        self.env['mail.activity'].with_context(mail_activity_quick_update=True).create([
            {
                'activity_type_id': activity_type.id if activity_type else False,
                'res_model_id': self.env['ir.model']._get_id(self._name),
                'res_id': document.id,
                'user_id': user.id,
                'date_deadline': max(document.date_end, today),
                'summary': self.env._(
                    "%(document)s ends on %(date)s", document=document.name, date=format_date(self.env, document.date_end)),
                'automated': True,
            }
            for document, user in users.items()
        ])
        unattended = due.filtered(lambda document: document not in users)
        if unattended:
            body = self.env._("The document is about to end and nobody could be reminded: set the field Responsible.")
            unattended._message_log_batch(bodies=dict.fromkeys(unattended.ids, body))
        for date_end, documents in due.grouped('date_end').items():
            documents.reminded_until = date_end

    def _whom_to_remind(self):
        """Return {document: user}: the responsible, else the account manager of the client, else who entered it.

        Only who may read the document is reminded; without such a user the document is missing.
        """
        users = {}
        open_documents = self
        for candidate in (
            lambda document: document.responsible_id,
            lambda document: document.client_id.psa_account_manager_id,
            lambda document: document.create_uid,
        ):
            for user, documents in open_documents.grouped(candidate).items():
                if user and user.active and not user.share:
                    readable = documents.with_user(user)._filtered_access('read')
                    users.update(dict.fromkeys(documents.browse(readable.ids), user))
            open_documents = self.filtered(lambda document: document not in users)
        return users
