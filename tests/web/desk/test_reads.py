"""No page of the desk reads a large table from end to end, whoever opens it."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.scans import scans
from tests.web.conftest import Browser, seat
from tests.web.desk.conftest import Person, raise_alert, says
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR

PAGES = "", "/alerts-block", "/find", "/held", "/me", "/referrals/new"


@pytest.mark.parametrize("role", [CASE_WORKER, COORDINATOR, ADMINISTRATOR])
def test_no_page_reads_a_large_table_from_end_to_end(
    browser: Browser, ready: None, person: Person, now: datetime, role: str
) -> None:
    worker = seat(browser, role=role)
    patient = person(worker=worker)
    alert = raise_alert(patient, now)
    says(patient, "hello", now)
    about = f"/patients/{patient.id}", f"/alerts/{alert.id}"
    with scans() as found:
        answers = [browser.get(f"/desk{page}") for page in (*PAGES, *about)]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert found == []


def test_finding_a_person_reads_no_large_table_from_end_to_end(
    browser: Browser, ready: None, person: Person
) -> None:
    person(worker=seat(browser))
    with scans() as found:
        assert "Sample Alex" in browser.send("/desk/find", query="sample alex").text
    assert found == []
