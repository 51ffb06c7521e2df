from odoo import api, models


class CrmLead(models.Model):
    _inherit = 'crm.lead'

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_potential_lead_duplicates(self):
        """Count only the duplicates that the user may see.

        Odoo looks for them with full rights, so the count told an outside rep, or another company, that somebody else is
        at the same customer, and the list behind it ended in an error.
        """
        result = super()._compute_potential_lead_duplicates()
        # On a form that is being filled in, the leads of the relation are copies.
        visible = self.duplicate_lead_ids._origin.sudo(False)._filtered_access('read')
        for lead in self:
            duplicates = (lead.duplicate_lead_ids._origin & visible) - lead._origin
            lead.duplicate_lead_ids = duplicates + lead
            lead.duplicate_lead_count = len(duplicates)
        return result
