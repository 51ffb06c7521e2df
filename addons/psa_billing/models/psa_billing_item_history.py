from odoo import fields, models
from odoo.addons.psa_crm.core import access
from odoo.exceptions import AccessError

EVENTS = [
    ("release", "Released"),
    ("back", "Back to Review"),
    ("hold", "Held"),
    ("let_go", "Let Go"),
    ("adjust", "Adjusted"),
    ("undo", "Adjustment Undone"),
    ("text", "Text Changed"),
    ("move", "Moved to Another Contract"),
    ("write_off", "Written Off"),
]
GUARD = """
    CREATE OR REPLACE FUNCTION psa_billing_item_history_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- A deleted row is taken out of its history by the foreign key, which works inside a trigger of its own.
        IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
            AND to_jsonb(NEW) - 'item_id' - 'user_id' - 'client_id' = to_jsonb(OLD) - 'item_id' - 'user_id' - 'client_id'
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'The history of the ledger is append-only: % refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$;
    CREATE OR REPLACE TRIGGER psa_billing_item_history_guard_row BEFORE UPDATE OR DELETE ON psa_billing_item_history
        FOR EACH ROW EXECUTE FUNCTION psa_billing_item_history_guard();
    CREATE OR REPLACE TRIGGER psa_billing_item_history_guard_table BEFORE TRUNCATE ON psa_billing_item_history
        FOR EACH STATEMENT EXECUTE FUNCTION psa_billing_item_history_guard();
"""


class PsaBillingItemHistory(models.Model):
    """What people decided about ledger rows: who, when, what it was before, and why. Never changed, and it outlives the row."""

    _name = "psa.billing.item.history"
    _inherit = ["psa.append.only.mixin", "psa.access.mixin"]
    _description = "Ledger History"
    _order = "id desc"
    _rec_name = "event"
    _log_access = False
    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    _item_idx = models.Index("(item_id, id DESC) WHERE item_id IS NOT NULL")
    _company_idx = models.Index("(company_id, id DESC)")
    _client_idx = models.Index("(client_id, id DESC)")

    item_id = fields.Many2one("psa.billing.item", "Row", readonly=True, ondelete="set null")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    client_id = fields.Many2one("res.partner", readonly=True, ondelete="set null", help="Whose row it was, also once that is gone.")
    source_model = fields.Char(readonly=True)
    source_id = fields.Many2oneReference(model_field="source_model", readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True, ondelete="set null")
    event = fields.Selection(EVENTS, required=True, readonly=True)
    old_value = fields.Text("Before", readonly=True)
    new_value = fields.Text("After", readonly=True)
    reason = fields.Char(readonly=True)

    def init(self):  # pylint: disable=missing-return
        """Let the database itself refuse what would change history."""
        super().init()
        self.env.cr.execute(GUARD)

    def _refuse(self):
        raise AccessError(self.env._(
            "The history of the ledger is written by what is done to its rows and cannot be added to, changed or deleted."
        ))
