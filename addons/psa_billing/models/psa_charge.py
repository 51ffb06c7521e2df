from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PsaCharge(models.Model):
    """Something that is charged besides time: a part, mileage, a licence, on a ticket, a project or for a client.

    An approved charge is locked for everybody, superuser included. It is corrected by a signed charge that names it, or
    its approval is taken back as long as it is on no invoice.
    """

    _name = "psa.charge"
    _description = "Charge"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    _date_idx = models.Index("(date DESC, id DESC)")
    _company_date_idx = models.Index("(company_id, date DESC, id DESC)")
    _client_date_idx = models.Index("(client_id, date DESC, id DESC)")
    _approval_idx = models.Index("(approval_state, date DESC, id DESC)")

    name = fields.Char(
        "Description",
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        help="What was used or sold.",
    )
    ticket_id = fields.Many2one(
        "psa.ticket", index="btree_not_null", ondelete="restrict", check_company=True, tracking=True
    )
    desk_id = fields.Many2one(related="ticket_id.desk_id", store=True, index="btree_not_null")
    project_id = fields.Many2one(
        "project.project",
        compute="_compute_project_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    task_id = fields.Many2one(
        "project.task", index="btree_not_null", ondelete="restrict", check_company=True
    )
    client_id = fields.Many2one(
        "res.partner",
        compute="_compute_client_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain="[('psa_is_client', '=', True)]",
        help="Who pays. The client of the ticket or project.",
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
    )
    contract_id = fields.Many2one(
        "psa.contract",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        groups="psa_crm.group_billing",
        domain="[('client_id', '=', client_id), ('state', '!=', 'draft')]",
        help="Leave empty to take the client's contract in force on that day.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Added By",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    date = fields.Date(required=True, default=fields.Date.context_today, tracking=True)

    billable_type_id = fields.Many2one(
        "psa.billable.type",
        "Type",
        compute="_compute_billable_type_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain="[('company_id', 'in', (company_id, False)), ('desk_id', 'in', (desk_id, False))]",
    )
    kind = fields.Selection(related="billable_type_id.kind", store=True)
    product_id = fields.Many2one(
        "product.product",
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        help="It brings the income account and the taxes of the invoice line.",
    )
    uom_id = fields.Many2one(
        "uom.uom", "Unit", compute="_compute_uom_id", store=True, readonly=False, precompute=True
    )
    quantity = fields.Float(
        required=True, default=1.0, digits="Product Unit", tracking=True, help="Negative only where it corrects another charge."
    )
    is_billable = fields.Boolean(
        "Billable", compute="_compute_is_billable", store=True, readonly=False, precompute=True, tracking=True
    )
    note = fields.Text("Internal Note", help="For the team; the client never reads it.")
    invoice_text = fields.Text(help="What the client reads on the invoice. Empty takes the description.")

    approval_state = fields.Selection(
        [("draft", "Draft"), ("submitted", "To Approve"), ("approved", "Approved")],
        "Approval",
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    approved_on = fields.Datetime(readonly=True, copy=False)
    refusal_reason = fields.Char(
        "Refused Because", readonly=True, copy=False, help="Why the approver sent the charge back."
    )
    billing_state = fields.Selection(
        lambda self: self.env["psa.billing.item"]._fields["state"].selection,
        "Billing",
        compute="_compute_billing_state",
        help="Where the approved charge stands in the billing ledger.",
    )
    corrects_id = fields.Many2one(
        "psa.charge", readonly=True, copy=False, index="btree_not_null", ondelete="restrict", check_company=True
    )
    correction_ids = fields.One2many("psa.charge", "corrects_id", "Corrections")
    correction_reason = fields.Char(readonly=True, copy=False)

    is_serial_tracked = fields.Boolean(related="billable_type_id.is_serial_tracked", string="Has Serial Numbers")
    serial_numbers = fields.Text(
        copy=False, tracking=True, help="One a line, one for each piece. On delivery each becomes an asset of the client."
    )
    delivered_on = fields.Date(readonly=True, copy=False, tracking=True)
    asset_ids = fields.One2many("psa.asset", "psa_charge_id", "Delivered Assets", readonly=True)
    asset_count = fields.Integer(compute="_compute_asset_count")
    can_change = fields.Boolean(compute="_compute_can_change", help="The user may still change this charge.")

    @api.depends("billable_type_id", "product_id")
    def _compute_name(self):
        # What nobody has worded yet follows the choice of type and product.
        named = set(self.mapped("name")) - {False}
        generic = set(self.env["psa.billable.type"].sudo().search([("name", "in", list(named))]).mapped("name")) if named else set()
        for charge in self:
            if not charge.name or charge.name in generic:
                charge.name = charge.product_id.name if charge._psa_names_product() else charge.billable_type_id.name

    @api.depends("task_id")
    def _compute_project_id(self):
        for charge in self:
            charge.project_id = charge.task_id.project_id or charge.project_id

    @api.depends("ticket_id.client_id", "project_id.partner_id", "task_id.partner_id")
    def _compute_client_id(self):
        for charge in self:
            # Moving a ticket to another client does not move what was already approved.
            if charge.approval_state == "approved":
                continue
            of_project = charge.project_id.sudo().partner_id.commercial_partner_id
            of_task = charge.task_id.sudo()._psa_charged_client()
            charge.client_id = charge.ticket_id.client_id or of_project or of_task or charge.client_id

    @api.depends("ticket_id", "project_id", "client_id")
    def _compute_company_id(self):
        for charge in self:
            owner = charge.ticket_id or charge.project_id
            charge.company_id = (
                owner.company_id or charge.company_id or charge.client_id.company_id or self.env.company
            )

    @api.depends("ticket_id", "company_id")
    def _compute_billable_type_id(self):
        for charge in self:
            desk = charge.ticket_id.desk_id
            kind = charge.billable_type_id
            if not kind or (kind.desk_id and kind.desk_id != desk):
                charge.billable_type_id = self.env["psa.billable.type"]._psa_default(charge.company_id, desk)

    @api.depends("billable_type_id")
    def _compute_product_id(self):
        for charge in self:
            charge.product_id = charge.billable_type_id.product_id or charge.product_id

    @api.depends("billable_type_id", "product_id")
    def _compute_uom_id(self):
        for charge in self:
            kind = charge.billable_type_id
            own = charge.product_id != kind.product_id
            charge.uom_id = (charge.product_id.uom_id if own else kind.uom_id) or charge.product_id.uom_id

    @api.depends("billable_type_id")
    def _compute_is_billable(self):
        for charge in self:
            charge.is_billable = charge.billable_type_id.is_billable if charge.billable_type_id else True

    def _compute_billing_state(self):
        states = dict(
            self.env["psa.billing.item"]
            .sudo()
            ._read_group([("source_model", "=", self._name), ("source_id", "in", self.ids)], ["source_id", "state"])
        )
        for charge in self:
            charge.billing_state = states.get(charge.id, False)

    @api.depends("asset_ids")
    def _compute_asset_count(self):
        for charge in self:
            charge.asset_count = len(charge.asset_ids)

    @api.depends("approval_state")
    @api.depends_context("uid")
    def _compute_can_change(self):
        for charge in self:
            charge.can_change = charge.approval_state != "approved" and (
                not charge._origin or charge._origin.has_access("write")
            )

    @api.depends("name", "ticket_id")
    def _compute_display_name(self):
        for charge in self:
            number = charge.ticket_id.sudo().number
            charge.display_name = f"{number}: {charge.name}" if number else charge.name

    @api.constrains("quantity", "corrects_id")
    def _check_quantity(self):
        for charge in self:
            if charge.quantity < 0 and not charge.corrects_id:
                raise ValidationError(
                    self.env._(
                        "“%s”: the quantity cannot be negative. To take something back, open the charge it was and press “Correct”.",
                        charge.name,
                    )
                )
            if not charge.quantity:
                raise ValidationError(self.env._("“%s”: a charge of nothing. Enter a Quantity.", charge.name))

    @api.constrains("ticket_id", "project_id", "client_id")
    def _check_owner(self):
        for charge in self:
            if not (charge.ticket_id or charge.project_id or charge.client_id):
                raise ValidationError(
                    self.env._("“%s” belongs to nobody. Choose a Ticket, a Project or a Client.", charge.name)
                )

    @api.constrains("billable_type_id", "ticket_id")
    def _check_billable_type_id(self):
        for charge in self:
            desk = charge.billable_type_id.sudo().desk_id
            if desk and desk != charge.ticket_id.sudo().desk_id and charge.approval_state != "approved":
                raise ValidationError(
                    self.env._(
                        "“%(type)s” is a type of desk “%(desk)s” only. Choose another Type.",
                        type=charge.billable_type_id.name,
                        desk=desk.name,
                    )
                )

    def action_open_ticket(self):
        """Open the ticket the charge is on."""
        self.ensure_one()
        return self.ticket_id._get_records_action()

    def action_view_assets(self):
        """Open the assets that were delivered."""
        return self.asset_ids._get_records_action(name=self.env._("Delivered with %s", self.name))

    def _psa_day(self):
        return self.date or fields.Date.context_today(self)

    def _psa_names_product(self):
        """Tell whether the product says more than the type: it is another one than the type's own."""
        return bool(self.product_id) and self.product_id != self.billable_type_id.product_id
