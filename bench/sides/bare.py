from .base import Side


class BareSide(Side):
    """A model that inherits mail.thread and nothing else."""

    name = "bare"
    modules = ("bench_bare",)
    model = "bench.ticket"

    def _make_desks(self, env, companies, technicians):
        stages = env["bench.ticket.stage"].create(
            [{"name": name, "sequence": number} for number, name in enumerate(("New", "Open", "Waiting", "Done"))]
        )
        teams = env["bench.ticket.team"].create([{"name": company.name, "company_id": company.id} for company in companies])
        env["mail.alias"].create({
            "alias_name": "bench-support",
            "alias_domain_id": companies[0].alias_domain_id.id,
            "alias_model_id": env["ir.model"]._get_id(self.model),
            "alias_defaults": repr({"team_id": teams[0].id, "company_id": companies[0].id}),
        })
        return {"team_ids": teams.ids, "stage_ids": stages.ids, "alias": "bench-support"}
