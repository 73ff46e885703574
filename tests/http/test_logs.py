"""Log lines: readable by machines, and without what nobody may read in a log."""

import io
import json
import logging
from typing import Any
from uuid import UUID

import pytest
import structlog

from casekeep.http.logs import FORBIDDEN, configure_logging
from casekeep.kernel.request import request_id

SECRET = "Maria Muster"


def fail() -> None:
    raise ValueError(SECRET)


def only_line(written: io.StringIO) -> dict[str, Any]:
    [line] = written.getvalue().splitlines()
    return json.loads(line)


def test_a_line_is_json_with_a_time_and_a_level(written: io.StringIO) -> None:
    number = UUID(int=7)
    structlog.get_logger().warning("thing.happened", count=3, file_id=number, share=0.5, ok=True)
    line = only_line(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "thing.happened",
        "level": "warning",
        "count": 3,
        "file_id": str(number),
        "share": 0.5,
        "ok": True,
    }


@pytest.mark.parametrize(
    "key",
    [
        *sorted(FORBIDDEN),
        "patient_name",
        "fileName",
        "file_names",
        "Authorization",
        "accessToken",
        "api_key",
        "download_url",
        "date_of_birth",
        "SMTP_PASSWORD",
    ],
)
def test_what_may_carry_health_data_is_dropped_by_its_key(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("thing.happened", **{key: SECRET}, file_id="1")
    assert SECRET not in written.getvalue()
    line = only_line(written)
    assert line["dropped"] == [key]
    assert line["file_id"] == "1"


def test_objects_are_told_by_kind_and_long_texts_are_cut(written: io.StringIO) -> None:
    event = structlog.get_logger().info
    event("thing.happened", cause=ValueError(SECRET), found={"x": SECRET}, where=[ValueError()])
    event("thing.happened", said="x" * 5000)
    assert SECRET not in written.getvalue()
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["cause"], first["found"], first["where"]) == (
        "ValueError",
        "dict",
        ["ValueError"],
    )
    assert len(second["said"]) == 300


@pytest.mark.parametrize("how", ["exception", "true", "instance", "tuple"])
def test_an_exception_is_told_by_kind_and_place(written: io.StringIO, how: str) -> None:
    log = structlog.get_logger()
    try:
        fail()
    except ValueError as error:
        infos = {"true": True, "instance": error, "tuple": (type(error), error, None)}
        if how == "exception":
            log.exception("thing.failed")
        else:
            log.error("thing.failed", exc_info=infos[how])  # noqa: TRY400
    line = only_line(written)
    assert SECRET not in written.getvalue()
    assert line["error"] == "ValueError"
    assert "http/test_logs.fail" in line["where"][-1]


def test_a_line_within_a_request_has_its_id(written: io.StringIO) -> None:
    token = request_id.set("the-id")
    structlog.get_logger().info("thing.happened")
    request_id.reset(token)
    assert only_line(written)["request_id"] == "the-id"


def test_libraries_are_heard_without_what_they_fill_in(written: io.StringIO) -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("asyncio").exception("Task failed\nfuture: %s", SECRET)
    logging.getLogger("driver").warning("row %s", SECRET)
    logging.getLogger("driver").error(ValueError(SECRET))
    logging.getLogger("driver").debug("noise")
    assert SECRET not in written.getvalue()
    said = [
        (line["library"], line["said"])
        for line in map(json.loads, written.getvalue().split("\n")[:-1])
    ]
    assert said == [("asyncio", "Task failed"), ("driver", "row %s"), ("driver", "ValueError")]


def test_libraries_are_not_heard_at_every_step(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Listening on %s", "127.0.0.1:8000")
    logging.getLogger("pogo_core.util.migrate").warning("Applying %s", "0001")
    assert written.getvalue() == ""
    logging.getLogger("uvicorn.error").info("Child process [7] died")
    assert only_line(written)["said"] == "Child process [7] died"


def test_on_a_terminal_lines_are_for_people(written: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    configure_logging(terminal)
    structlog.get_logger().info("thing.happened", count=3, patient_name=SECRET)
    assert "thing.happened" in terminal.getvalue()
    assert written.getvalue() == ""
    assert not terminal.getvalue().startswith("{")
    assert SECRET not in terminal.getvalue()
