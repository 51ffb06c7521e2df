from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import access
from ..models.psa_access_explanation import LEVEL_NAMES

LEVELS = [('full', "Full"), ('work', "Work"), ('read', "Read Only"), ('refuse', "None")]
COLOURS = {'full': 'success', 'work': 'info', 'read': 'info', 'refuse': 'danger'}


class PsaAccessExplain(models.TransientModel):
    """The answer to “why can this person see this?”, for one record."""

    _name = 'psa.access.explain'
    _description = "Access Explained"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field='res_model', required=True, readonly=True)
    is_administrator = fields.Boolean(compute='_compute_is_administrator')
    user_id = fields.Many2one(
        'res.users', string="Person", default=lambda self: self.env.user, domain=[('share', '=', False)])
    level = fields.Selection(LEVELS, string="Access", compute='_compute_explanation')
    explanation = fields.Text(compute='_compute_explanation')
    people = fields.Html(string="Who Can See It", compute='_compute_people')

    @api.depends('res_model', 'res_id')
    @api.depends_context('uid')
    def _compute_is_administrator(self):
        for explain in self:
            record = explain._psa_record()
            explain.is_administrator = record._psa_runs_company(record.sudo())

    @api.depends('user_id', 'res_model', 'res_id')
    @api.depends_context('uid')
    def _compute_explanation(self):
        for explain in self:
            answer = explain._psa_record().explain_access(explain.user_id.id)
            explain.level = answer['level']
            explain.explanation = '\n'.join(answer['reasons'])

    @api.depends('res_model', 'res_id')
    @api.depends_context('uid')
    def _compute_people(self):
        labels = dict(self._fields['level']._description_selection(self.env))
        for explain in self:
            if not explain.is_administrator:
                explain.people = False
                continue
            record = explain._psa_record().sudo()
            explained = record._psa_explain(record._psa_people_to_explain())
            rows = [
                Markup('<tr><td>%s</td><td><span class="badge text-bg-%s">%s</span></td><td class="text-muted">%s</td></tr>') % (
                    user.name, COLOURS[LEVEL_NAMES[level]], labels[LEVEL_NAMES[level]],
                    ' '.join(reason.text for reason in reasons))
                for user, (level, reasons) in sorted(explained.items(), key=lambda item: (-item[1][0], item[0].name))
                if level > access.REFUSE
            ]
            explain.people = Markup('<table class="table table-sm"><tbody>%s</tbody></table>') % Markup().join(rows)

    def _psa_record(self):
        self.ensure_one()
        # Only what is under these rules can be asked about, whatever a caller wrote here.
        if self.res_model not in self.env.registry.descendants(['psa.access.mixin'], '_inherit') or (
            self.env[self.res_model]._abstract
        ):
            raise UserError(self.env._("Access to “%s” is not ruled by clients, so there is nothing to explain.", self.res_model))
        return self.env[self.res_model].browse(self.res_id)
