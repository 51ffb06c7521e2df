from . import bench_ticket
from . import bench_ticket_stage
from . import bench_ticket_team
