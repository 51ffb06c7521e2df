import json

from odoo.addons.web.controllers.export import CSVExport, ExcelExport
from odoo.http import request


class TicketExport:
    """Exported tickets have the words of their desk in the first line; an import template keeps the technical names."""

    def base(self, data):
        params = json.loads(data)
        if params.get("model") == "psa.ticket" and not params.get("import_compat"):
            Ticket = request.env["psa.ticket"].with_context(**params.get("context") or {})
            domain = params.get("domain") or []
            if params.get("ids"):
                Ticket, domain = Ticket.with_context(active_test=False), [("id", "in", params["ids"])]
            params["fields"] = Ticket._name_export_columns(params["fields"], domain)
            data = json.dumps(params)
        return super().base(data)


class TicketCSVExport(TicketExport, CSVExport):
    """The export to CSV."""


class TicketExcelExport(TicketExport, ExcelExport):
    """The export to XLSX."""
