import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import webhook

TIMEOUT_MAX = 30


class PsaWebhook(models.Model):
    """An address of another system that rules may call.

    Only company administrators keep addresses; who writes a rule chooses among them. Calls are made by ``psa.webhook.delivery``.
    """

    _name = "psa.webhook"
    _description = "Webhook"
    _order = "name, id"

    _order_idx = models.Index("(name, id)")
    _timeout_range = models.Constraint(
        f"CHECK(timeout BETWEEN 1 AND {TIMEOUT_MAX})", f"Time-out: give between 1 and {TIMEOUT_MAX} seconds."
    )

    name = fields.Char(required=True, help="What people who write rules choose it by.")
    active = fields.Boolean(default=True, help="Calls that wait are not made while the webhook is archived.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    # An address may hold a password of the other system; who only writes rules sees the name.
    url = fields.Char(
        "Address", required=True, groups="psa_crm.group_company_admin",
        help="Called with POST. Addresses inside your own network are refused unless the administrator of the server allows them.",
    )
    secret = fields.Char(
        required=True, copy=False, groups="psa_crm.group_company_admin", default=lambda self: secrets.token_urlsafe(32),
        help="Signs each call, so that the other system can tell that it comes from here and was not changed on the way.",
    )
    authorization = fields.Char(
        groups="psa_crm.group_company_admin", copy=False,
        help="Sent as the Authorization header, for systems that want a token of their own, such as “Bearer …”.",
    )
    timeout = fields.Integer("Time-out", default=10, required=True, aggregator=None, help="Seconds to wait for an answer.")
    delivery_ids = fields.One2many("psa.webhook.delivery", "webhook_id", "Calls", groups="psa_crm.group_company_admin")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")

    def _compute_counts(self):
        counts = {
            (hook.id, state): count
            for hook, state, count in self.env["psa.webhook.delivery"].sudo()._read_group(
                [("webhook_id", "in", self.ids), ("state", "in", ("waiting", "failed"))], ["webhook_id", "state"], ["__count"]
            )
        }
        for hook in self:
            hook.waiting_count = counts.get((hook.id, "waiting"), 0)
            hook.failed_count = counts.get((hook.id, "failed"), 0)

    @api.constrains("url")
    def _check_url(self):
        for hook in self:
            fault = webhook.address_fault(hook.url)
            if fault:
                raise ValidationError(self.env._(
                    "Address of webhook “%(name)s”: %(what)s", name=hook.name, what=self._address_refusals()[fault]
                ))

    @api.constrains("authorization", "secret")
    def _check_headers(self):
        for hook in self:
            if any(ord(character) < 32 or ord(character) > 255 for character in hook.authorization or ""):
                raise ValidationError(self.env._(
                    "Authorization of webhook “%s” has a line break or another sign that no header can hold. Remove it.", hook.name
                ))
            if len(hook.secret or "") < 16:
                raise ValidationError(self.env._(
                    "The secret of webhook “%s” is too short to be safe. Give at least 16 characters, or have a new one made.", hook.name
                ))

    @api.constrains("company_id")
    def _check_company_of_deliveries(self):
        for hook in self.sudo():
            if hook.delivery_ids.company_id - hook.company_id:
                raise ValidationError(self.env._(
                    "Webhook “%s” was called about tickets of another company. Create a new one instead of changing its company.",
                    hook.name,
                ))

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active"):
            self.env["psa.webhook.delivery"]._trigger_sending()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for hook, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", hook.name)
        return vals_list

    @api.model
    def _address_refusals(self):
        """Return what to do about each fault of an address."""
        return {
            webhook.SCHEME: self.env._("begin it with https:// (or http://)."),
            webhook.HOST: self.env._("name a server, as in https://hooks.example.com/tickets, without spaces."),
            webhook.CREDENTIALS: self.env._("leave user and password out; put a token into Authorization."),
            webhook.PORT: self.env._("the port is no number between 1 and 65535."),
        }

    @api.model
    def _allowed_networks(self):
        """Return the networks beside the public Internet that may be called: only who runs the server can list them."""
        text = self.env["ir.config_parameter"].sudo().get_param("psa_helpdesk.webhook_networks")
        try:
            return webhook.networks(text)
        except ValueError:
            return ()

    def action_renew_secret(self):
        """Sign with another secret from now on."""
        self.check_access("write")
        for hook in self:
            hook.secret = secrets.token_urlsafe(32)
        return True

    def action_test(self):
        """Call the address with a trial message and show how it went."""
        self.ensure_one()
        self.check_access("write")
        delivery = self.env["psa.webhook.delivery"].sudo().create({
            "webhook_id": self.id, "event": "test", "payload": {"event": "test", "webhook": self.name},
        })
        delivery._trigger_sending()
        return self.action_view_deliveries()

    def action_view_deliveries(self):
        """Open the calls of this webhook."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_webhook_delivery")
        return {
            **action, "name": self.env._("Calls of %s", self.name), "domain": [("webhook_id", "=", self.id)],
            "context": {key: value for key, value in self.env.context.items() if key.startswith("search_default_")},
        }
