"""A process that holds one side's registry and runs its scenarios on request, one JSON line in, one out.

Started by run.py with the interpreter that can import Odoo: `python -m bench.worker SIDE DATABASE [odoo options]`.
"""
import cProfile
import gc
import io
import json
import logging
import os
import pstats
import sys
import traceback

from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

from .sides import SIDES

# Frames that say nothing about who asked.
INTERNAL = (os.path.join("odoo", "orm"), os.path.join("bench", "sides"), "sql_db.py", "worker.py", "decorators.py", "api.py")


class Tracer:
    """Keeps each query with the place in an addon it comes from."""

    def __init__(self):
        self.queries = []

    def __call__(self, cr, query, params, start, delay):
        frames = [
            frame for frame in traceback.extract_stack()[:-2]
            if not any(part in frame.filename for part in INTERNAL) and "addons" in frame.filename
        ]
        origin = [f"{frame.filename.rsplit('addons' + os.sep, 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]]
        self.queries.append({"sql": " ".join(str(query).split()), "origin": origin, "ms": round(delay * 1000, 2)})


class PageCounter:
    """Counts the pages PostgreSQL touches for the SELECTs of a scenario: like query counts, and unlike times, these repeat."""

    def __init__(self):
        self.selects = []
        self.pages = 0

    def __call__(self, cr, query, params, start, delay):
        if str(query).lstrip(" (\n").upper().startswith(("SELECT", "WITH")):
            self.selects.append((query, params))

    def finish(self, cr):
        for query, params in self.selects:
            cr.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", params)
            plan = cr.fetchone()[0][0]["Plan"]
            self.pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def answer(side, request):
    command = request["command"]
    if command == "seed":
        return {"tickets": side.seed(request["tickets"])}
    if command == "seed_access":
        return {"tickets": side.seed(request["tickets"], request["clients"], request["users"], request["rules"])}
    if command == "ask":
        return side.measure(request["person"], request["question"], request["times"])
    if command == "explain":
        return {"plans": side.explain(request["person"], request["question"])}
    if command == "sweep":
        return side.sweep(request["times"])
    if command == "step":
        return side.call(request["step"], request["arguments"])
    if command == "evaluate":
        return side.evaluate(request["seconds"])
    if command == "rate_entries":
        return side.rate_entries()
    if command == "review":
        return side.review(request["times"], request["pending"])
    if command == "change":
        return {"milliseconds": side.change_rule(request["times"])}
    if command == "warm":
        for scenario in request["scenarios"]:
            side.run(scenario)
        # What is loaded by now stays; collecting garbage need not walk through it before every run.
        gc.collect()
        gc.freeze()
        return {}
    if command == "run":
        return {"runs": [side.run(request["scenario"]) for _number in range(request["times"])]}
    if command == "pages":
        counter = PageCounter()
        side.run(request["scenario"], hooks=[counter])
        return {"pages": counter.pages}
    if command == "trace":
        tracer = Tracer()
        side.run(request["scenario"], hooks=[tracer])
        return {"queries": tracer.queries}
    if command == "profile":
        profile = cProfile.Profile()
        for _number in range(request["times"]):
            profile.runcall(side.run, request["scenario"])
        told = io.StringIO()
        pstats.Stats(profile, stream=told).sort_stats(request["sort"]).print_stats(request["lines"])
        return {"profile": told.getvalue()}
    raise ValueError(f"unknown command {command}")


def main(name, database, options):
    # Whatever a module prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    config.parse_config([*options, "-d", database], setup_logging=True)
    logging.getLogger("odoo.tests").setLevel(logging.ERROR)
    load_server_wide_modules()
    side = SIDES[name](Registry(database), database)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            result = answer(side, json.loads(line))
        except Exception:
            result = {"error": traceback.format_exc()}
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
