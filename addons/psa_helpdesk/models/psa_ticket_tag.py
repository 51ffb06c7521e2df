from random import randint

from odoo import fields, models


class PsaTicketTag(models.Model):
    """Free label on tickets, of one company or shared by all."""

    _name = "psa.ticket.tag"
    _description = "Ticket Tag"
    _order = "name, id"

    _name_company_uniq = models.UniqueIndex(
        "(lower(name->>'en_US'), COALESCE(company_id, 0))", "A tag of that name exists already. Use it or choose another name."
    )

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(aggregator=None, default=lambda self: randint(1, 11))  # noqa: S311  a colour
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: every company sees and uses the tag."
    )
    active = fields.Boolean(default=True)
