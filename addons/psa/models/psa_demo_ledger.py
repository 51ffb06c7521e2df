from odoo import api, models


class PsaDemoLedger(models.AbstractModel):
    """Tells what billing did with the work of the story before it is invoiced. Used by the demo data only."""

    _name = "psa.demo.ledger"
    _description = "Demo Story of the Review"

    @api.model
    def _load(self):
        """Hold one row, adjust another and release a third, as billing would."""
        billing = self.env.ref("psa.user_billing")
        items = self.env["psa.billing.item"].with_user(billing).with_company(self.env.ref("base.main_company")).search(
            [
                ("kind", "=", "time"),
                ("state", "=", "pending"),
                ("company_id", "=", self.env.ref("base.main_company").id),
                ("is_adjusted", "=", False),
            ],
            order="date, id",
        )
        if len(items) < 3 or self.env["psa.billing.item"].search_count([("is_held", "=", True)], limit=1):
            return
        items[0]._hold("Waiting for the client's answer: was the second visit agreed?")
        items[1]._adjust("Agreed with the client on the phone: the first quarter of an hour is on us", quantity=items[1].quantity / 2)
        items[2].action_approve()
