from odoo import models

from ..core import required


class PsaTicket(models.Model):
    """The time to undo what a dialog of the ticket says to the client, as there is for an answer from the composer."""

    _inherit = "psa.ticket"

    def psa_undo(self, held_id):
        content = super().psa_undo(held_id)
        if content and content["entry"]:
            content["action"] = self._psa_dialog_again(content)
        return content

    def _psa_waits(self):
        """Tell whether what is said here by hand waits to be undone: on one ticket, whose desk gives time for it."""
        return len(self) == 1 and bool(self.env.context.get("psa_by_hand")) and bool(self.sudo().desk_id.undo_seconds)

    def _psa_hold_entry(self, body, kind, attachments, state=False):
        """Hold back a public entry from a dialog, and the move that goes with it.

        :param state: "resolved" or "closed" where the entry is what solved the ticket
        :return: the action that shows for how long it waits
        """
        self.ensure_one()
        self.check_access("write")
        self.env["psa.ticket.entry"].check_access("create")
        attachments.check_access("read")
        # What would be refused when it is sent is refused while the dialog is open.
        attachments.sudo()._psa_check_limits(dict.fromkeys(attachments.sudo(), self.sudo()))
        if state:
            self._check_may_finish(state)
        held = self._psa_hold({"body": body, "attachment_ids": attachments.ids, "psa_entry": {"kind": kind, "state": state}})
        return self._psa_answer_held(held, state=state)

    def _psa_answer_held(self, held, state=False):
        """Return the action that shows that an answer waits, with a button to take it back."""
        params = {"ticket_id": self.id, "held_id": held.id, "seconds": self.sudo().desk_id.undo_seconds}
        return {"type": "ir.actions.client", "tag": "psa_answer_held", "params": {**params, "state": state} if state else params}

    def _check_may_finish(self, state):
        """Refuse the move to a state as the move itself would."""
        self.ensure_one()
        stage_id = self._stage_id_for_state(state)
        if stage_id and not self.env.su:
            self._check_moves(stage_id)
        missing = self.sudo()._missing_required(required.moment_of(state))
        if missing:
            self._refuse_incomplete({self: missing})

    def _psa_dialog_again(self, content):
        """Return the action that opens the dialog as it was when its words were sent."""
        entry = content["entry"]
        if entry.get("state"):
            action = self._action_write_resolution()
            more = {"default_close_too": entry["state"] == "closed"}
        else:
            action = self._action_add_entry(entry["kind"], self.env._("Add an Entry"))
            more = {}
        return {**action, "context": {
            **action["context"], **more, "default_audience": "public", "default_body": content["body"],
            "default_attachment_ids": content["attachment_ids"],
        }}
