"""The pages of the desk as a browser gets them: real application, signed-in session, full rooms."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from itertools import cycle

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from benchmarks.bench import Bench
from benchmarks.results import Row, Sample, most, row
from benchmarks.seeds import rows as sample
from waiting_room import clock, db, settings
from waiting_room.care import sign_ins
from waiting_room.models import Alert, Staff
from waiting_room.models.staff import CASE_WORKER, COORDINATOR
from waiting_room.opening import opened
from waiting_room.serve import collect_less_often
from waiting_room.web import app

ADDRESS, COOKIE = "https://room.example", "__Host-desk"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
LARGE_PAST = (50, 10, 10)
VISITS = 40
Visit = Callable[[], Response]


def run(bench: Bench) -> list[Row]:
    """Each page in rooms of every size up to 100,000 patients with 5,000,000 messages."""
    found: dict[int, dict[str, list[list[float]]]] = {}
    for patients in bench.sizes:
        if patients <= 100_000:
            found[patients] = _measure(bench, patients)
    rows = []
    smallest = min(found)
    for patients, pages in found.items():
        for name, rounds in pages.items():
            few = (f"{smallest:,} patients", _medians(found[smallest][name]))
            at = f"desk, {name}, at {patients:,}"
            peer = few if patients != smallest else None
            rows.append(row(f"{at}, median", "ms", _medians(rounds), target=most(60), peer=peer))
            worst = [Sample(sorted(one)[int(len(one) * 0.99)]) for one in rounds]
            rows.append(row(f"{at}, p99", "ms", worst, target=most(250)))
    return rows


def _medians(rounds: list[list[float]]) -> list[Sample]:
    return [Sample(statistics.median(one)) for one in rounds]


def _measure(bench: Bench, patients: int) -> dict[str, list[list[float]]]:
    room = bench.seed(patients, past=LARGE_PAST if patients >= 100_000 else (10, 5, 4))
    chosen = settings.load(data=room.folder, log_level="ERROR", public_url=ADDRESS)
    with opened(chosen):
        clock.stand_still(sample.NOW)
        desk = app.build(chosen)
        with _browser(desk, CASE_WORKER) as worker, _browser(desk, COORDINATOR) as lead:
            visits = _visits(worker, lead)
            for visit in visits.values():
                visit()
            # As the room does when it has started.
            collect_less_often()
            found: dict[str, list[list[float]]] = {name: [] for name in visits}
            for _ in range(bench.rounds):
                for name, visit in visits.items():
                    found[name].append([_ms(visit) for _ in range(VISITS)])
        clock.stand_still(None)
    return found


def _browser(desk: object, role: str) -> TestClient:
    client = TestClient(desk, base_url=ADDRESS, headers={"accept": "text/html"})  # type: ignore[arg-type]
    with db.write() as session:
        person = session.scalars(select(Staff).where(Staff.role == role).limit(1)).one()
        token = sign_ins.begin(session, person, now=clock.now(), wall=clock.wall())
    client.cookies.set(COOKIE, token, domain="room.example", path="/")
    return client


def _visits(worker: TestClient, lead: TestClient) -> dict[str, Visit]:
    with db.read() as session:
        alerts = session.scalars(select(Alert.id).where(Alert.state != "closed").limit(20)).all()
    # Supported people: their numbers are known from how a room is made.
    people = cycle([sample.patient_id(n) for n in range(5, 1_000, 20)])
    found, token = cycle(alerts), _token(lead)
    words = cycle(["Ada", "Elin", "1958", "07700 900123", "hana sample", "Dev"])

    def find() -> Response:
        fields = {"query": next(words), "form_token": token}
        return lead.post("/desk/find", data=fields)

    return {
        "the day's list of a worker": lambda: worker.get("/desk"),
        "the day's list of a coordinator": lambda: lead.get("/desk"),
        "a person": lambda: lead.get(f"/desk/patients/{next(people)}"),
        "an alert": lambda: lead.get(f"/desk/alerts/{next(found)}"),
        "a search": find,
    }


def _token(client: TestClient) -> str:
    found = TOKEN.search(client.get("/desk/me").text)
    assert found is not None
    return found[1]


def _ms(visit: Visit) -> float:
    started = time.perf_counter()
    answer = visit()
    took = (time.perf_counter() - started) * 1_000
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code}")
    return took
