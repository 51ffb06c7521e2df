from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.exceptions import AccessError

# What billing decides of an expense: who pays it under which contract, and what he reads. The money spent is the employee's.
BILLING_FIELDS = {"psa_contract_id", "psa_is_rebilled", "psa_invoice_text"}
# Odoo's groups whose members see and change the expenses of everybody.
ODOO_GROUPS = "account.group_account_user,hr_expense.group_hr_expense_user"


class HrExpense(models.Model):
    """Expenses of clients follow the access to the client inside the company, as the ledger does; they are lent to nobody.

    Odoo's rules show them to employees, approvers and accountants. A rule of the group Billing adds those of the clients
    that its members may see, for what billing decides of them.
    """

    _name = "hr.expense"
    _inherit = ["hr.expense", "psa.access.mixin"]

    _psa_access_client = "psa_client_id"
    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    psa_can_bill = fields.Boolean("Billed by Me", compute="_compute_psa_can_bill", export_string_translation=False)

    @api.depends("psa_client_id", "company_id", "employee_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_can_bill(self):
        is_billing = self.env.user.has_group("psa_crm.group_billing")
        for expense in self:
            expense.psa_can_bill = is_billing and bool(expense._origin) and expense.psa_can_write

    @api.depends("employee_id", "product_id", "total_amount_currency")
    def _compute_duplicate_expense_ids(self):
        # Odoo looks for them past the rules, and lets nobody read a record that names one he may not see.
        result = super(HrExpense, self.sudo())._compute_duplicate_expense_ids()
        for expense in self:
            expense.duplicate_expense_ids = expense.duplicate_expense_ids._filtered_access("read")
        return result

    @api.depends("attachment_ids")
    def _compute_same_receipt_expense_ids(self):
        result = super(HrExpense, self.sudo())._compute_same_receipt_expense_ids()
        for expense in self:
            expense.same_receipt_expense_ids = expense.same_receipt_expense_ids._filtered_access("read")
        return result

    def write(self, vals):
        self._psa_check_spender(vals)
        return super().write(vals)

    def _psa_check_spender(self, vals):
        """Refuse to let billing change what was spent: its rule opens the expenses of others for what billing decides only."""
        spent = {name for name in vals if name not in BILLING_FIELDS and not name.startswith(("message_", "activity_"))}
        user = self.env.user
        if self.env.su or not spent or not user.has_group("psa_crm.group_billing") or user.has_groups(ODOO_GROUPS):
            return
        for expense in self:
            employee = expense.employee_id.sudo()
            if not expense.is_editable and user not in employee.user_id | employee.expense_manager_id:
                raise AccessError(
                    self.env._(
                        "“%(expense)s” was made by %(employee)s. Billing changes Contract, Re-bill to Client and Invoice Text of it; "
                        "ask whoever approves it for all else.",
                        expense=expense.name,
                        employee=employee.name,
                    )
                )
