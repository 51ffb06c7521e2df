from odoo import api, models, tools


class MailAlias(models.Model):
    _inherit = "mail.alias"

    def _alias_bounce_incoming_email(self, message, message_dict, set_invalid=True):
        """Mail that a desk refuses is kept for the technicians instead of being sent back to whoever wrote it."""
        intake = self.env["mail.thread"]._psa_intake()
        if intake and self.sudo().alias_model_id.model == "psa.ticket":
            intake.refuse("unroutable", desk_id=self.sudo().alias_parent_thread_id)
            return
        super()._alias_bounce_incoming_email(message, message_dict, set_invalid=set_invalid)

    @api.model
    @tools.ormcache()
    def _psa_desk_addresses(self):
        """Return the addresses of all desks, cached: mail that comes from one of them is our own."""
        aliases = self.sudo().search([("alias_model_id.model", "=", "psa.ticket"), ("alias_full_name", "!=", False)])
        return frozenset(name.lower() for name in aliases.mapped("alias_full_name") if "@" in name)

    @api.model_create_multi
    def create(self, vals_list):
        aliases = super().create(vals_list)
        self.env.registry.clear_cache()
        return aliases

    def write(self, vals):
        result = super().write(vals)
        if {"alias_name", "alias_domain_id", "alias_model_id"} & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
