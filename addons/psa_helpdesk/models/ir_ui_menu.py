from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        """Show “My Desks” to desk administrators only; there is no group that could say so."""
        hidden = super()._load_menus_blacklist()
        menu = self.env.ref("psa_helpdesk.menu_psa_desk_mine", raise_if_not_found=False)
        if menu and not self.env["psa.desk"]._administers_any():
            hidden.append(menu.id)
        return hidden
