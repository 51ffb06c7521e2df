from odoo import api, models


class MailAliasDomain(models.Model):
    _inherit = "mail.alias.domain"

    @api.model_create_multi
    def create(self, vals_list):
        domains = super().create(vals_list)
        self.env.registry.clear_cache()
        return domains

    def write(self, vals):
        result = super().write(vals)
        # Addresses of desks are cached and end with this name.
        self.env.registry.clear_cache()
        return result

    @api.model
    def _find_aliases(self, email_list):
        """Within one mail the gateway asks for the same addresses again and again: remember the answers."""
        intake = self.env["mail.thread"]._psa_intake()
        if not intake:
            return super()._find_aliases(email_list)
        unknown = [address for address in email_list if address and intake.aliases.get(address) is None]
        if unknown:
            asked = [*unknown, *(address for address, known in intake.aliases.items() if address and known is None)]
            found = set(super()._find_aliases(asked))
            intake.aliases.update((address, address in found) for address in asked)
        return [address for address in email_list if address and intake.aliases[address]]
