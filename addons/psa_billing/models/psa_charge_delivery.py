from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import charges

# What the assets of a delivery were made from.
HANDED_OVER_FIELDS = {"serial_numbers", "quantity", "billable_type_id", "client_id", "company_id"}


class PsaCharge(models.Model):
    """Delivery: each serial number of a charge becomes an asset of the client, with its warranty."""

    _inherit = "psa.charge"

    def write(self, vals):
        if vals.keys() & HANDED_OVER_FIELDS:
            self._psa_check_not_delivered()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_delivered(self):
        self._psa_check_not_delivered()

    def action_deliver(self):
        """Hand the things over: make an asset of each serial number, or take it from stock."""
        for charge in self:
            charge._psa_check_may_deliver()
            charge._psa_deliver()
        return True

    def action_undo_delivery(self):
        """Take the assets back that the delivery made, and those from stock back to the stock."""
        for charge in self:
            charge._psa_check_may_deliver()
            charge._psa_undo_delivery()
        return True

    def _psa_check_may_deliver(self):
        """Who may work on the ticket delivers, also what a colleague charged; without a ticket, who may change the charge."""
        self.check_access("read")
        if self.ticket_id:
            self.ticket_id.check_access("write")
        else:
            self.check_access("write")
        self.env["psa.asset"].check_access("write")

    def _psa_check_not_delivered(self):
        delivered = self.sudo().filtered("delivered_on")
        if delivered:
            raise UserError(
                self.env._(
                    "“%s” is delivered: its serial numbers are assets of the client. Undo the delivery first.", delivered[0].name
                )
            )

    def _psa_deliver(self):
        self.ensure_one()
        if not self.is_serial_tracked:
            raise UserError(
                self.env._("“%(type)s” has no serial numbers: nothing to deliver.", type=self.billable_type_id.name)
            )
        if self.delivered_on:
            raise UserError(self.env._("“%s” is delivered already.", self.name))
        if self.corrects_id:
            raise UserError(self.env._("“%s” is a correction: deliver the charge it belongs to.", self.name))
        if not self.client_id:
            raise UserError(self.env._("“%s” has no client to deliver to. Set the Client.", self.name))
        serials = self._psa_serials()
        stock = self._psa_check_duplicates(serials)
        today = fields.Date.context_today(self)
        warranty = today + relativedelta(months=self.billable_type_id.warranty_months)
        for serial in serials:
            asset = stock.get(serial.casefold())
            vals = {
                "client_id": self.client_id.id,
                "status": "in_use",
                "psa_charge_id": self.id,
                "psa_was_in_stock": bool(asset),
            }
            if self.billable_type_id.warranty_months and not (asset and asset.warranty_date):
                vals["warranty_date"] = warranty
            if asset:
                asset.write(vals)
                continue
            self.env["psa.asset"].sudo().create(
                {
                    **vals,
                    "name": self.env._("%(what)s %(serial)s", what=self.name, serial=serial),
                    "serial": serial,
                    "type_id": self.billable_type_id.asset_type_id.id,
                    "purchase_date": today,
                    "company_id": self.company_id.id,
                }
            )
        self.sudo()._psa_write_approval({"delivered_on": today})

    def _psa_undo_delivery(self):
        self.ensure_one()
        if not self.delivered_on:
            raise UserError(self.env._("“%s” is not delivered.", self.name))
        assets = self.sudo().asset_ids
        used = assets.filtered(lambda asset: asset.ticket_ids - self.ticket_id)
        if used:
            raise UserError(
                self.env._(
                    "“%(asset)s” is on other tickets by now (%(tickets)s). Retire the asset instead of undoing the delivery.",
                    asset=used[0].name,
                    tickets=", ".join((used[0].ticket_ids - self.ticket_id).mapped("number")[:3]),
                )
            )
        self._psa_check_as_delivered(assets)
        stock = assets.filtered("psa_was_in_stock")
        stock.write({"client_id": False, "status": "in_stock", "psa_charge_id": False, "psa_was_in_stock": False})
        (assets - stock).unlink()
        self.sudo()._psa_write_approval({"delivered_on": False})

    def _psa_check_as_delivered(self, assets):
        """Refuse to take assets back that have become something else than what was delivered, or that a contract names."""
        serials = {serial.casefold() for serial in charges.serials_of(self.serial_numbers)}
        changed = assets.filtered(
            lambda asset: asset.client_id != self.client_id or (asset.serial or "").casefold() not in serials
        )
        if changed:
            raise UserError(
                self.env._(
                    "“%s” has another client or serial number than was delivered. Retire the asset instead of undoing the delivery.",
                    changed[0].name,
                )
            )
        coverage = self.env["psa.contract.coverage"].sudo().search([("asset_ids", "in", assets.ids)], limit=1)
        if coverage:
            raise UserError(
                self.env._(
                    "“%s” is named in a coverage rule of a contract. Take it out there, or retire the asset instead of undoing the "
                    "delivery.",
                    (coverage.asset_ids & assets)[0].name,
                )
            )

    def _psa_serials(self):
        """Return the serial numbers to deliver, or say which rule they break."""
        try:
            return charges.check_serials(self.serial_numbers, self.quantity)
        except charges.SerialError as error:
            message = {
                "missing": self.env._("“%s” has no serial numbers. Enter them under Serial Numbers, one a line.", self.name),
                "repeated": self.env._(
                    "“%(charge)s” names %(serials)s twice. Each serial number is one asset.",
                    charge=self.name,
                    serials=", ".join(error.serials),
                ),
                "count": self.env._(
                    "“%(charge)s” names %(count)s serial numbers for a quantity of %(quantity)s. Enter one for each piece.",
                    charge=self.name,
                    count=len(error.serials),
                    quantity=f"{self.quantity:g}",
                ),
            }[error.why]
            raise UserError(message) from error

    def _psa_check_duplicates(self, serials):
        """Refuse serial numbers that the company has already given to a client; return ``{serial: asset in stock}``."""
        Asset = self.env["psa.asset"].sudo()
        Asset.flush_model(["serial", "company_id"])
        known = self.env.execute_query(
            SQL(
                "SELECT id FROM psa_asset WHERE company_id = %s AND lower(serial) = ANY(%s) ORDER BY id",
                self.company_id.id,
                [serial.lower() for serial in serials],
            )
        )
        stock = {}
        for asset in Asset.browse(id_ for (id_,) in known):
            if not asset.client_id and asset.active and asset.status == "in_stock":
                stock[asset.serial.casefold()] = asset
                continue
            readable = asset.with_user(self.env.user).has_access("read")
            raise UserError(
                self.env._(
                    "Serial number %(serial)s is there already: “%(asset)s” of %(client)s%(archived)s. Correct Serial Numbers, "
                    "or retire that asset and clear its serial number.",
                    serial=asset.serial,
                    asset=asset.name if readable else self.env._("an asset"),
                    client=(asset.client_id.name or self.env._("nobody")) if readable else self.env._("another client"),
                    archived="" if asset.active else self.env._(" (archived)"),
                )
            )
        return stock
