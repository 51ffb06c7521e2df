from odoo import api, models


class PsaTeam(models.Model):
    _inherit = 'psa.team'

    @api.model_create_multi
    def create(self, vals_list):
        teams = super().create(vals_list)
        teams._psa_people()._psa_renew_access()
        return teams

    def write(self, vals):
        if not vals.keys() & {'member_ids', 'leader_id', 'active'}:
            return super().write(vals)
        before = self._psa_people()
        result = super().write(vals)
        if vals.get('active') is False:
            self.env['psa.client.share']._psa_end_of_receivers('team_id', self, self.env._("The team was archived."))
        after = self._psa_people()
        # Who came or went; whoever stays has what he had.
        ((before | after) - (before & after))._psa_renew_access()
        return result

    def unlink(self):
        people = self._psa_people()
        self.env['psa.access.rule'].sudo().with_context(active_test=False).search([('team_id', 'in', self.ids)]).unlink()
        self.env['psa.client.share'].sudo().search([('team_id', 'in', self.ids)]).unlink()
        result = super().unlink()
        people._psa_renew_access()
        return result

    def _psa_people(self):
        """Return the members of the teams and their leaders."""
        teams = self.sudo()
        return teams.member_ids | teams.leader_id
