"""`./psa bench`: the measurements in bench/, on the throw-away cluster."""
import subprocess

from . import database, places, postgres, python_env
from .server import Odoo, die_with_parent


def run(options):
    toolchain = python_env.prepare(python_env.TEST)
    with postgres.Cluster(toolchain, places.cache() / "testpg", throwaway=True).running() as cluster:
        odoo = Odoo(cluster, places.cache() / "testdata", name="bench", max_cron_threads=0)
        work = places.state() / "bench"
        work.mkdir(exist_ok=True)
        environment = {
            **cluster.environment,
            "PSA_PG_BIN": str(toolchain.postgres),
            "PSA_PYTHON": str(toolchain.python),
            "PSA_ODOO_ADDONS": str(toolchain.odoo.addons),
            "PSA_ADDONS": str(places.ADDONS),
            "PSA_WORK": str(work),
            "PSA_CACHE": str(places.cache()),
            "PSA_PGHOST": "127.0.0.1",
            "PSA_PGPORT": str(cluster.port),
            "PSA_PGUSER": postgres.USER,
            "PSA_BASE_DB": database.base_template(odoo),
        }
        return subprocess.run([str(toolchain.python), str(places.ROOT / "bench" / "run.py"), *options.arguments],
                              env=environment, cwd=places.ROOT, check=False, preexec_fn=die_with_parent).returncode
