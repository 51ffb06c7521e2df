from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Let the web client show the running timer from the start, without asking for it."""
        info = super().session_info()
        if self.env.user._is_internal() and self.env.user.has_group("psa_crm.group_technician"):
            info["psa_timer"] = self.env["psa.work.timer"].get_banner()
        return info
