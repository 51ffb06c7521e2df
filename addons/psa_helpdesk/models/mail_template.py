from odoo import SUPERUSER_ID, models
from odoo.exceptions import UserError


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _psa_check_may_render(self):
        """Refuse to render templates with code of somebody who may not have code run.

        Rules render them with full rights and whatever they fill in goes to others, so that the right to edit templates is not enough.
        """
        for template in self.sudo():
            writer = template.write_uid
            if writer.id == SUPERUSER_ID or writer.has_group("base.group_system") or not template._has_unsafe_expression():
                continue
            raise UserError(self.env._(
                "E-mail template “%(template)s” has expressions that reach beyond the ticket, and was last changed by %(user)s. "
                "Take them out, or let an administrator of the server look at the template and save it.",
                template=template.name, user=writer.name,
            ))
