from odoo import models
from odoo.addons.psa_helpdesk.models.psa_ticket_desk_attribute import NO_SETTINGS
from odoo.fields import Domain
from odoo.tools import plaintext2html

from ..core import ticket_form


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _portal_asked_fields(self, desk):
        """What the desk asks a client on the portal, in the desk's order.

        :return: list of dicts: attribute, field, label, help, is_required, default and options; what has no options is left out
        """
        Attribute, Option = self.env["psa.desk.attribute"], self.env["psa.ticket.option"]
        labels = Attribute._labels_by_desk(self.env.lang).get(desk.id, {})
        asked = []
        for fname, setting in Attribute._settings_by_desk().get(desk.id, {}).items():
            if setting["portal"] != "asked":
                continue
            attribute = fname.removesuffix("_id")
            label, text = labels[fname]
            options = Option.browse(Option._offered_ids(
                desk.id, desk.company_id.id, Attribute._option_attribute(attribute), setting["options_from"]
            ))
            if options:
                asked.append({
                    "attribute": attribute,
                    "field": fname,
                    "label": label,
                    "help": text,
                    "is_required": setting["required"] == "create",
                    "default": setting["default"],
                    "options": options,
                })
        return asked

    def _portal_shown_values(self):
        """What the desk shows a client of this ticket's attributes.

        :return: list of pairs of label and option, in the desk's order, without those that are empty
        """
        self.ensure_one()
        Attribute = self.env["psa.desk.attribute"]
        desk_id = self.desk_id.id
        labels = Attribute._labels_by_desk(self.env.lang).get(desk_id, {})
        return [
            (labels[fname][0], self[fname])
            for fname, setting in Attribute._settings_by_desk().get(desk_id, {}).items()
            if setting["portal"] != "hidden" and self[fname]
        ]

    def _portal_list_attribute(self, fname, desk_ids):
        """How a list with tickets of some desks shows an attribute.

        :return: pair of the label and the set of desks that show their values; the label is that of these desks where they agree,
            else the usual one
        """
        Attribute = self.env["psa.desk.attribute"]
        settings, labels = Attribute._settings_by_desk(), Attribute._labels_by_desk(self.env.lang)
        showing = {
            desk_id for desk_id in desk_ids if settings.get(desk_id, {}).get(fname, NO_SETTINGS)["portal"] != "hidden"
        }
        names = {labels[desk_id][fname][0] for desk_id in showing}
        return names.pop() if len(names) == 1 else self._desk_label(False, fname), showing

    def _portal_desk(self, company):
        """The desk that takes the tickets of the portal: the company's first one."""
        Desk = self.env["psa.desk"]
        return Desk.browse(Desk._default_id(company.id) or None)

    def _portal_create(self, user, desk, form, files=()):
        """Create the ticket a client asked for on the portal.

        Who asks and for whom is taken from the signed-in user only, never from the form.

        :param user: the signed-in user
        :param desk: the desk that takes it
        :param form: a valid ``core.ticket_form.CheckedForm``
        :param files: pairs of name and content
        """
        partner = user.partner_id
        # The form has asked for what the desk wants of clients; what it wants of its own people they fill in later.
        ticket = self.with_company(desk.company_id)._accepting_incomplete().create({
            "name": form.subject,
            "description": plaintext2html(form.description),
            "desk_id": desk.id,
            "company_id": desk.company_id.id,
            "partner_id": partner.id,
            "client_id": partner.commercial_partner_id.id,
            "email_from": partner.email_formatted,
            "source": "portal",
            **{f"{name}_id": option for name, option in form.options.items() if option},
        }).with_env(self.env)
        if files:
            ticket.message_post(
                body=self.env._("Files sent with the request."),
                attachments=list(files),
                author_id=partner.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        return ticket

    def _portal_attachments(self):
        """The files a client may see: those of the conversation, never those of internal notes."""
        self.ensure_one()
        messages = self.env["mail.message"].search(
            Domain(self.env["mail.message"]._get_search_domain_share())
            & Domain("model", "=", self._name)
            & Domain("res_id", "=", self.id)
            & Domain("attachment_ids", "!=", False)
        )
        # In the order they came: those of one message as they were chosen.
        return messages.attachment_ids.sorted("id")

    def _portal_resolution(self):
        """What solved the ticket, as the client may read it: the latest public resolution."""
        self.ensure_one()
        return self.env["psa.ticket.entry"].search(
            [("ticket_id", "=", self.id), ("kind", "=", "resolution"), ("is_internal", "=", False)], limit=1
        )

    def _portal_close(self, author, comment=""):
        """The client declares the ticket solved.

        :return: False when the ticket's state does not allow it (any more)
        """
        self.ensure_one()
        if not ticket_form.may_close(self.state):
            return False
        date_resolved = self.date_resolved
        self._portal_say_solved(author, comment)
        self._portal_accepting().action_close()
        if date_resolved:
            # What the client says takes a resolved ticket up again for a moment; it was solved before.
            self.date_resolved = date_resolved
        return True

    def _portal_reopen(self, author, comment):
        """The client opens the ticket again and says why.

        :return: False when the ticket's state does not allow it (any more)
        """
        self.ensure_one()
        if not ticket_form.may_reopen(self.state):
            return False
        self._portal_say(author, self.env._("Opened this ticket again."), comment)
        # The comment alone may have opened it: a reply to a resolved ticket does.
        if ticket_form.may_reopen(self.state):
            self.action_reopen()
        return True

    def _portal_accepting(self):
        """The ticket as it is closed here: the client's word counts, also where the desk still wants something filled in."""
        return self._accepting_incomplete()

    def _portal_say_solved(self, author, comment):
        self._portal_say(author, self.env._("Marked this ticket as solved."), comment)

    def _portal_say(self, author, heading, comment):
        """Put the client's decision into the conversation, in his name."""
        self.message_post(
            body=plaintext2html(f"{heading}\n\n{comment.strip()[: ticket_form.DESCRIPTION_MAX]}".strip()),
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
