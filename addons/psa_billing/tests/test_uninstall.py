from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestUninstall(PsaInvoicingCommon):
    def test_rights_go_and_invoiced_products_stay(self):
        self.work_type.product_id = self.env.ref("psa_billing.product_service_travel")
        self._release(self._log(60))
        self._prepare()

        uninstall_hook(self.env)

        technician = self.env.ref("psa_crm.group_technician")
        billing = self.env.ref("psa_crm.group_billing")
        self.assertNotIn(self.env.ref("hr_timesheet.group_hr_timesheet_user"), technician.all_implied_ids)
        self.assertNotIn(self.env.ref("account.group_account_invoice"), billing.all_implied_ids)
        self.assertNotIn(
            self.env.ref("hr_timesheet.group_hr_timesheet_approver"), billing.all_implied_ids
        )
        self.assertFalse(self.env.ref("psa_billing.product_service_travel", raise_if_not_found=False))
        self.assertTrue(self.work_type.product_id.exists(), "it is the user's own now")
        self.assertTrue(self.env.ref("psa_billing.product_service_onsite"))
