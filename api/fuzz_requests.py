"""Makes some of the requests that fit the description fit the data too: which is more than a description can say.

Without this, questions about rollups and new silences would nearly all be refused, each for a good reason.
"""

import datetime
import random

import schemathesis

ROLLUPS = {
    "content-downloads": {
        "content_stats": (["content_id"], ["download_count", "successful_downloads", "total_size_gb"]),
        "region_health": (["region"], ["total_downloads", "success_rate", "avg_speed_mbps"]),
        "device_stats": (["device", "os_version"], ["total_downloads", "success_rate"]),
    },
}


def question(rng):
    """A stream, a rollup of it, and what it can be asked."""
    stream, rollups = rng.choice(list(ROLLUPS.items()))
    rollup, (dimensions, measures) = rng.choice(list(rollups.items()))
    groups = rng.sample(dimensions, rng.randint(0, len(dimensions)))
    ordered = rng.choice(measures)
    now = datetime.datetime.now(datetime.timezone.utc)
    ago = datetime.timedelta(minutes=rng.randint(1, 300))
    spans = [{"last": rng.choice(["5m", "1h", "6h", "1d"])}, {"from": (now - ago).strftime("%Y-%m-%dT%H:%M:%SZ")}]
    possible = {
        "measures": ",".join([ordered, *(measure for measure in measures if measure != ordered)]),
        "group_by": ",".join(groups),
        "step": rng.choice(["none", "1m", "5m", "1h"]),
        "order": rng.choice(["", "-"]) + ordered,
        "limit": rng.randint(1, 20),
        "compare": "previous",
        f"filter.{rng.choice(dimensions)}": ["a", "b"],
    }
    kept = rng.sample(sorted(possible), rng.randint(0, len(possible)))
    return {"stream": stream, "rollup": rollup}, rng.choice(spans) | {name: possible[name] for name in kept}


def silence(rng):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=rng.randint(60, 86_400))
    dimension = rng.choice([None, "eu-*", "us-east-1", "*"])
    return {"rule": "HIGH_ERROR_RATE", "until": until.isoformat(), "dimension": dimension, "reason": "fuzz"}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    rng = random.Random(repr((case.path_parameters, case.query, case.body)))
    if rng.random() < 0.5:
        return
    operation = (case.method, case.operation.path)
    if operation == ("GET", "/api/streams/{stream}/{rollup}"):
        case.path_parameters, case.query = question(rng)
        case.headers = {"Accept": rng.choice(["application/json", "application/x-ndjson", "text/csv", "*/*"])}
    elif operation == ("POST", "/api/silences"):
        case.body = silence(rng)
