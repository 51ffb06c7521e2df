from odoo import api, fields, models
from odoo.tools import SQL


class PsaBillingItem(models.Model):
    """What is decided about a row is written into its history, whoever decides."""

    _inherit = "psa.billing.item"

    history_ids = fields.One2many(
        "psa.billing.item.history", "item_id", readonly=True, copy=False, groups="psa_crm.group_billing"
    )

    def _log(self, event, old="", new="", reason="", uid=None):
        """Write the same event into the history of each row, in one statement."""
        if not self:
            return
        self.flush_recordset(["source_model", "client_id"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO psa_billing_item_history (
                    item_id, company_id, client_id, source_model, source_id, date, user_id, event, old_value, new_value, reason
                )
                SELECT id, company_id, client_id, source_model, source_id, %s, %s, %s, %s, %s, %s
                  FROM psa_billing_item WHERE id IN %s ORDER BY id
                """,
                fields.Datetime.now(), uid or self.env.uid, event, old or None, new or None, reason or None, tuple(self.ids),
            )
        )
        self.invalidate_recordset(["history_ids"], flush=False)

    def _log_text(self, vals):
        """Keep the texts that are about to be changed by hand."""
        for item in self:
            if vals.get("name", item.name) != item.name:
                item._log("text", old=item.name, new=vals["name"])

    @api.model
    def _money_text(self, values):
        """Return quantity, price and amount of a row in one line."""
        uom = self.env["uom.uom"].browse(values["uom_id"]).name or ""
        currency = self.env["res.currency"].browse(values["currency_id"])
        return f"{values['quantity']:g} {uom} × {values['price_unit']:g} = {currency.format(values['amount'])}"
