import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.psa_rule_exchange import UnknownReferences


class PsaRuleImport(models.TransientModel):
    """Rules from a file of another database. They come in archived; who takes them in looks at them first."""

    _name = "psa.rule.import"
    _description = "Import of Rules"

    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    desk_id = fields.Many2one(
        "psa.desk", domain="[('company_id', '=', company_id)]", help="Make them rules of this desk. Empty: as the file says."
    )
    leave_open = fields.Boolean(
        "Leave Unknown Places Empty", help="Take in rules that point to what is not here. They say what has to be filled in."
    )
    problem = fields.Text(readonly=True)

    @api.onchange("file", "desk_id", "company_id")
    def _onchange_file(self):
        self.problem = False

    def action_import(self):
        """Make the rules, or tell everything that is wrong with the file."""
        self.ensure_one()
        try:
            text = base64.b64decode(self.file or b"", validate=True)
        except binascii.Error as error:
            raise UserError(self.env._("The file came in damaged. Upload it again.")) from error
        kind = "xml" if (self.file_name or "").lower().endswith(".xml") or text.lstrip()[:1] == b"<" else "json"
        try:
            rules = self.env["psa.rule"]._import_text(text, kind, self.company_id, self.desk_id, leave_open=self.leave_open)
        except UnknownReferences as unknown:
            self.problem = str(unknown)
            return {
                "type": "ir.actions.act_window", "name": self.env._("Import Rules"), "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new",
            }
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule")
        return {
            **action, "name": self.env._("Imported Rules"), "domain": [("id", "in", rules.ids)], "context": {"active_test": False},
            "path": False,
        }
