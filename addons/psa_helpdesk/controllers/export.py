import json

from odoo.addons.web.controllers.export import CSVExport, ExcelExport
from odoo.http import request


class TicketExport:
    """Exported tickets and service levels have the words of their desk in the first line; an import template keeps the technical names."""

    def base(self, data):
        params = json.loads(data)
        if params.get("model") in ("psa.ticket", "psa.ticket.sla") and not params.get("import_compat"):
            Model = request.env[params["model"]].with_context(**params.get("context") or {})
            domain = params.get("domain") or []
            if params.get("ids"):
                Model, domain = Model.with_context(active_test=False), [("id", "in", params["ids"])]
            params["fields"] = Model._name_export_columns(params["fields"], domain)
            data = json.dumps(params)
        return super().base(data)


class TicketCSVExport(TicketExport, CSVExport):
    """The export to CSV."""


class TicketExcelExport(TicketExport, ExcelExport):
    """The export to XLSX."""
