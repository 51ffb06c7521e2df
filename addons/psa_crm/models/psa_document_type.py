from odoo import fields, models

ICONS = [
    ('fa-file-o', "Sheet"),
    ('fa-file-text-o', "Text"),
    ('fa-handshake-o', "Agreement"),
    ('fa-pencil-square-o', "Signature"),
    ('fa-money', "Money"),
    ('fa-calculator', "Calculation"),
    ('fa-book', "Book"),
    ('fa-shield', "Security"),
    ('fa-certificate', "Certificate"),
    ('fa-sitemap', "Plan"),
]


class PsaDocumentType(models.Model):
    """What kinds of documents a service company keeps, and how long before the end somebody is reminded."""

    _name = 'psa.document.type'
    _description = "Document Type"
    _order = 'sequence, id'
    _psa_shipped_rows_are_fixed = True

    name = fields.Char(required=True, translate=True, help="Such as SLA, contract or manual.")
    sequence = fields.Integer(default=10, aggregator=None)
    icon = fields.Selection(ICONS, required=True, default='fa-file-o', help="Shown on the cards of its documents.")
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    reminder_days = fields.Integer(
        string="Remind Before", aggregator=None,
        help="So many days before a document of this type ends, its responsible is reminded; each document can have its "
             "own number of days. 0: nobody is.")
    company_id = fields.Many2one(
        'res.company', index='btree_not_null', default=lambda self: self.env.company,
        help="The service company that uses the type. Empty: every company.")

    _order_idx = models.Index('(sequence, id)')
    _name_uniq = models.UniqueIndex(
        "(lower(name->>'en_US'), COALESCE(company_id, 0))",
        "There is already a document type of that name. Use it or choose another name.")
    _reminder_days_range = models.Constraint(
        'CHECK(reminder_days BETWEEN 0 AND 3650)', "Remind Before must be between 0 and 3650 days.")
