from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from .psa_contract import RUNNING


class PsaContract(models.Model):
    """What people are reminded of: renewals, blocks that run low, blocks that expire."""

    _inherit = "psa.contract"

    notice_ids = fields.One2many("psa.contract.notice", "contract_id", "Reminders", copy=False)
    is_client_notified = fields.Boolean(
        "Remind the Client", default=True, help="Reminders go to the client, too, not to the account manager alone."
    )
    notice_partner_ids = fields.Many2many(
        "res.partner",
        "psa_contract_notice_partner_rel",
        "contract_id",
        "partner_id",
        "At the Client",
        check_company=True,
        domain="[('commercial_partner_id', '=', client_id)]",
        copy=False,
        help="Who is reminded there. Empty: the client's own address.",
    )

    def _psa_notice_partners(self):
        """Return whom of the client reminders go to; only such as have an address."""
        self.ensure_one()
        partners = self.notice_partner_ids or self.client_id
        return partners.filtered(lambda partner: partner.active and partner.email)

    def _psa_notice_manager(self):
        """Return who of ours is reminded: the client's account manager, else the responsible of the contract."""
        self.ensure_one()
        users = self.client_id.psa_account_manager_id | self.user_id
        return users.filtered(lambda user: user.active and self.company_id in user.company_ids)[:1]

    def _psa_remind(self, today):
        """Send the reminders that are due, each once."""
        vals_list = [contract._psa_prepare_renewal_notice(today) for contract in self]
        blocks = self.prepaid_ids.filtered(
            lambda block: not block.is_cancelled
            and block.date_from <= today
            and (not block.date_to or block.date_to >= today)
        )
        told = {}
        for notice in self.env["psa.contract.notice"].sudo().search_fetch(
            [("prepaid_id", "in", blocks.ids), ("kind", "=", "low_balance")], ["prepaid_id", "level"]
        ):
            told[notice.prepaid_id] = max(told.get(notice.prepaid_id, 0), notice.level)
        for block, left in blocks._psa_left().items():
            vals_list.append(block._psa_prepare_low_notice(left, told.get(block, 0)))
            vals_list.append(block._psa_prepare_expiry_notice(left, today))
        return self.env["psa.contract.notice"]._psa_make(vals_list)

    def _psa_prepare_renewal_notice(self, today):
        self.ensure_one()
        if self.state not in RUNNING or not self.date_notice or not self.date_notice <= today <= self.date_end:
            return None
        end = format_date(self.env, self.date_end)
        what = {
            "none": self.env._("It ends then. Work done later is not priced by it any more."),
            "ask": self.env._("It ends then, unless it is renewed for %s months.", self.renewal_months),
            "auto": self.env._("It is renewed by itself then, for %s months.", self.renewal_months),
        }[self.renewal]
        return {
            "contract_id": self.id,
            "kind": "renewal",
            "key": f"renewal:{self.date_end}",
            "name": self.env._("%(contract)s runs until %(end)s", contract=self.display_name, end=end),
            "body": what,
            "manager_id": self._psa_notice_manager().id,
        }

    def _psa_tend_prepaid(self, today):
        """Carry over, top up, and let work draw from what has become usable, or has ceased to be."""
        components = self.component_ids
        components._psa_roll_over(today)
        bought = components._psa_top_up(today)
        self.env["psa.contract.notice"]._psa_make([block._psa_prepare_top_up_notice() for block in bought])
        blocks = self.prepaid_ids
        usable = blocks._psa_usable()
        blocks.filtered(lambda block: block.was_usable != (block in usable))._psa_rate_clients()

    @api.model
    def _cron_remind(self):
        """Send reminders, a batch of contracts at a time."""
        today = self.env["res.company"]._psa_last_today()
        contracts = self.sudo().search(
            Domain("state", "in", RUNNING) & (Domain("date_notice", "<=", today) | Domain("prepaid_ids", "!=", False)),
            order="id",
        )
        contracts._psa_in_batches(lambda batch: [some._psa_remind(day) for day, some in batch._psa_by_day()], 20)
