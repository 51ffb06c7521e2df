from odoo import fields, models


class PsaAccessRevision(models.Model):
    """One row for each company that every change of its effective access updates, so that two at once cannot both succeed."""

    _name = 'psa.access.revision'
    _description = "Revision of Effective Access"
    _log_access = False

    company_id = fields.Many2one('res.company', required=True, ondelete='cascade')
    revision = fields.Integer(required=True)

    _company_uniq = models.UniqueIndex('(company_id)')
