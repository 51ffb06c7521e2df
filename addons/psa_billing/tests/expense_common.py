from odoo.fields import Command

from .common import DAY, PsaInvoicingCommon


class ExpenseCommon(PsaInvoicingCommon):
    """People who lay money out for a client, and who approves that."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.category, cls.hotel = cls.env["product.product"].create(
            [
                {
                    "name": name,
                    "can_be_expensed": True,
                    "standard_price": 0,
                    "type": "service",
                    "supplier_taxes_id": [Command.clear()],
                }
                for name in ("Travel", "Hotel")
            ]
        )
        cls.approver = cls._new_user("vera.approver", "psa_crm.group_technician,hr_expense.group_hr_expense_manager")
        cls.env["hr.employee"].create(
            [
                {"name": user.name, "user_id": user.id, "company_id": cls.company.id, "expense_manager_id": cls.approver.id}
                for user in cls.technician | cls.colleague
            ]
        )

    @classmethod
    def _expense(cls, amount=80.0, user=None, **values):
        user = user or cls.technician
        return (
            cls.env(user=user, su=False)["hr.expense"]
            .with_company(cls.company)
            .create(
                {
                    "name": "Train to the client",
                    "employee_id": user.with_company(cls.company).employee_id.id,
                    "product_id": cls.category.id,
                    "total_amount_currency": amount,
                    "date": DAY,
                    "psa_ticket_id": cls.ticket.id,
                    **values,
                }
            )
        )

    def _approved(self, *args, **values):
        expense = self._expense(*args, **values)
        expense.action_submit()
        # Odoo asks about expenses that look alike before it goes on.
        expense.with_user(self.approver)._do_approve()
        return expense.sudo()

    def _rows(self, expense):
        return self.env["psa.billing.item"].search(
            [
                "|",
                "&", ("source_model", "=", "hr.expense"), ("source_id", "=", expense.id),
                "&", ("source_model", "=", "psa.expense.delta"), ("source_id", "in", expense.psa_delta_ids.ids),
            ],
            order="id",
        )  # fmt: skip
