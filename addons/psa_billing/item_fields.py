"""Fields of the ledger that no index of its own table finds: see ``core/item_index_sql.py``."""

from odoo import fields
from odoo.tools import SQL

from .core import item_index_sql

OPEN_STATES = ("error", "pending", "approved")


class ItemState(fields.Selection):
    """The state of a ledger row; rows that are not decided or not invoiced yet are found among those that are open."""

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        condition = super().condition_to_sql(field_expr, operator, value, model, alias, query)
        if operator == "in" and value and set(OPEN_STATES).issuperset(value):
            return SQL(
                "(%s IN (SELECT id FROM psa_billing_item_open WHERE state IN %s) AND %s)",
                SQL.identifier(alias, "id"),
                tuple(value),
                condition,
            )
        return condition


class ItemCharge(fields.Many2one):
    """The invoice, or its line, that charges a ledger row; rows are found by what the line charges, or charged once.

    Without a foreign key, which would have to read the whole ledger before a line may go: the line itself gives its rows back.
    """

    def update_db_foreign_key(self, model, column):
        return

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        condition = super().condition_to_sql(field_expr, operator, value, model, alias, query)
        if operator == "in" and field_expr == self.name and value and all(value):
            return SQL(
                "(%s IN (SELECT unnest(item_ids) FROM psa_billing_item_charged WHERE %s IN %s) AND %s)",
                SQL.identifier(alias, "id"),
                SQL.identifier(self.name),
                tuple(value),
                condition,
            )
        return condition


class ItemMarks(fields.Many2many):
    """Which line of a billing run took a ledger row: one at most."""

    def update_db(self, model, columns):
        model.env.cr.execute(item_index_sql.MARKS_TABLE)
        return super().update_db(model, columns)

    def update_db_foreign_keys(self, model):
        return
