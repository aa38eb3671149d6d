"""`throughline journeys apply`: definitions are active and have their views; what of this failed is said."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from streams.publishing import Shelf
from streams.worker import environment
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.integration.definitions import CASE, ORDER


def _apply(pipeline: Pipeline, file: Path, **changes: Any) -> tuple[int, str]:
    settings = pipeline.settings.model_copy(update=changes)
    command = [sys.executable, "-m", "streams.cli.main", "journeys", "apply", str(file)]
    done = subprocess.run(command, cwd=pipeline.folder, env=environment(settings), capture_output=True, text=True)
    return done.returncode, done.stderr


def _active(pipeline: Pipeline) -> str | None:
    shelf = Shelf(pipeline.settings)
    shelf.read()
    shelf.close()
    return shelf.active


def test_views_are_made_and_what_failed_is_made_good_by_applying_again(pipelines: Pipelines, tmp_path: Path) -> None:
    """Nobody answers where the database should be: definitions are active all the same, and the way out is told."""
    pipeline, file = pipelines(None), tmp_path / "order.yaml"
    file.write_text(ORDER)
    code, said = _apply(pipeline, file, clickhouse_port=1)
    assert code == 4
    assert "activated: order 1" in said
    assert "the definitions are active, their views are not made: ClickHouse at 127.0.0.1:1 does not answer" in said
    assert said.rstrip().endswith("then apply them again")
    assert _active(pipeline) is not None
    code, said = _apply(pipeline, file)
    assert (code, "active already: order 1" in said, "view v_journey_order" in said) == (0, True, True)
    assert pipeline.query("SELECT count() FROM v_journey_order") == [(0,)]


def test_a_name_that_another_view_has_is_told(pipelines: Pipelines, tmp_path: Path) -> None:
    pipeline, file = pipelines(None), tmp_path / "minutes.yaml"
    file.write_text(CASE.replace("journey: service_case", "journey: minutes"))
    code, said = _apply(pipeline, file)
    assert code == 0
    assert "journey `minutes` gets no view of its own: v_journey_minutes is another one; give it another name" in said
