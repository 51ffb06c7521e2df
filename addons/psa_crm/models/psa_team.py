from odoo import fields, models


class PsaTeam(models.Model):
    """Staff that works together; clients can be shared with a team and access rules can name it.

    Members may belong to other service companies than the team's own: an independent professional joins by invitation.
    """

    _name = 'psa.team'
    _description = "Team"
    _order = 'name, id'

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    color = fields.Integer(aggregator=None)
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company,
        help="The service company the team belongs to.")
    leader_id = fields.Many2one(
        'res.users', index='btree_not_null', domain=[('share', '=', False)], help="Invites and removes members.")
    member_ids = fields.Many2many(
        'res.users', 'psa_team_member_rel', 'team_id', 'user_id', string="Members", domain=[('share', '=', False)])

    _name_company_uniq = models.UniqueIndex(
        '(name, company_id)', "This company already has a team of that name. Choose another name.")
