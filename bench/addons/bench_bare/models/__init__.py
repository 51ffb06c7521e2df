from . import bench_ticket, bench_ticket_stage, bench_ticket_team
