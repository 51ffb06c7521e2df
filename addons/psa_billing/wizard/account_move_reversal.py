from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        action = super().reverse_moves(is_modify=is_modify)
        if is_modify:
            # The corrected invoice charges the work of the one it replaces: else that would be billed twice.
            self.move_ids.invoice_line_ids._psa_hand_over()
        return action
