"""The recorder in real runs of lm-evaluation-harness, over a tiny model of transformers and over an API."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

from . import pages, tiny  # noqa: E402

import retally  # noqa: E402
import retally.lm_eval  # noqa: E402
from retally import model as report_model  # noqa: E402

ALL = ["tiny_choices", "tiny_words", "tiny_pages"]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny.model(folder / "model")
    tiny.tasks(folder / "tasks")
    return folder


def wrong_models() -> None:
    """Registers model classes that make the wrong number of the right log-probs."""
    from lm_eval.api.registry import register_model
    from lm_eval.models.huggingface import HFLM

    @register_model("tiny-mean")
    class Mean(HFLM):  # type: ignore[misc]
        def _loglikelihood_tokens(self, requests: Any, **options: Any) -> Any:
            answers = super()._loglikelihood_tokens(requests, **options)
            return [(score / len(request[2]), greedy) for (score, greedy), request in zip(answers, requests, strict=True)]

    @register_model("tiny-greedy")
    class Greedy(HFLM):  # type: ignore[misc]
        def _loglikelihood_tokens(self, requests: Any, **options: Any) -> Any:
            return [(score, True) for score, _ in super()._loglikelihood_tokens(requests, **options)]


wrong_models()


def run(place: Path, output: Path, model: str, *tasks: str, model_args: str = "", more: tuple[str, ...] = ()) -> int:
    arguments = ["--model", model, "--model_args", f"pretrained={place / 'model'}{model_args}", "--tasks", ",".join(tasks)]
    arguments += ["--include_path", str(place / "tasks"), "--output_path", str(output), "--device", "cpu", "--batch_size", "8"]
    return retally.lm_eval.main([*arguments, *more])


def verdict(output: Path, claim: str) -> report_model.Verdicts:
    return retally.check(output).summary.verdicts[claim]


def test_a_right_run_is_proven_to_the_last_number(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, tmp_path, "hf", *ALL) == 0
    assert "no findings" in capsys.readouterr().out
    count = len(tiny.QUESTIONS)
    # Four choices, of each text one word and one page.
    assert verdict(tmp_path, "loglikelihood") == report_model.Verdicts(proven=6 * count, refuted=0, from_refuted=0, unprovable=0)
    greedy = verdict(tmp_path, "greedy")
    assert (greedy.proven, greedy.refuted) == (5 * count, 0)
    recordings = sorted(path.name.rsplit("_", 1)[0] for path in tmp_path.rglob("recording_*.jsonl"))
    assert recordings == [f"recording_{task}" for task in sorted(ALL)]
    (recording,) = tmp_path.rglob("recording_tiny_choices_*.jsonl")
    lines = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    # Mutual information asks for each choice twice.
    assert len(lines) == 8 * count and len(lines[3]["token_ids"]) > 1
    assert abs(sum(lines[3]["logprobs"]) - lines[3]["score"]) < 1e-4


def test_without_a_recording_nothing_is_proven(place: Path, tmp_path: Path) -> None:
    run(place, tmp_path, "hf", "tiny_choices")
    for recording in tmp_path.rglob("recording_*.jsonl"):
        recording.unlink()
    assert verdict(tmp_path, "loglikelihood").proven == 0


def test_a_mean_in_place_of_the_sum_is_found(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, tmp_path, "tiny-mean", "tiny_choices") == 1
    assert "`loglikelihood` is the mean of the log-probs, not their sum" in capsys.readouterr().out
    report = retally.check(tmp_path)
    assert [finding.code for finding in report.failing] == ["RT204"]
    for recording in tmp_path.rglob("recording_*.jsonl"):
        recording.unlink()
    assert not retally.check(tmp_path).findings


def test_a_wrong_greedy_flag_is_found(place: Path, tmp_path: Path) -> None:
    assert run(place, tmp_path, "tiny-greedy", "tiny_words") == 1
    assert [finding.code for finding in retally.check(tmp_path).failing] == ["RT403"]


def test_half_precision_is_no_finding(place: Path, tmp_path: Path) -> None:
    assert run(place, tmp_path, "hf", "tiny_choices", "tiny_words", model_args=",dtype=bfloat16,softmax_dtype=float32") == 0
    assert verdict(tmp_path, "loglikelihood").refuted == 0


def test_the_log_of_a_run_in_python(place: Path, tmp_path: Path) -> None:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    lm = retally.lm_eval.record(HFLM(pretrained=str(place / "model"), device="cpu", batch_size=5))
    manager = TaskManager(include_path=str(place / "tasks"))
    lm_eval.simple_evaluate(model=lm, tasks=["tiny_words"], task_manager=manager, bootstrap_iters=0)
    (path,) = retally.lm_eval.write(lm, tmp_path)
    report = retally.assert_clean(path, min_proven={"loglikelihood": 1.0, "greedy": 1.0})
    assert report.inputs[0].format == "lm-eval-recording"
    with pytest.raises(retally.RetallyError, match="cannot record Task"):
        retally.lm_eval.record(type("Task", (), {})())


class _Completions(BaseHTTPRequestHandler):
    """`/v1/completions` with `echo` and log-probs, over the model of transformers."""

    model: Any
    tokenizer: Any
    bias: float = 0.0

    def do_POST(self) -> None:
        import torch

        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompts = asked["prompt"] if isinstance(asked["prompt"][0], list) else [asked["prompt"]]
        choices = []
        for at, ids in enumerate(prompts):
            with torch.no_grad():
                values = torch.log_softmax(self.model(torch.tensor([ids])).logits[0], -1)
            best = values.max(-1)
            own = [None, *(values[place, token].item() for place, token in enumerate(ids[1:]))]
            tops = [None, *({self.tokenizer.decode([place]): value} for value, place in zip(best.values.tolist()[:-1], best.indices.tolist()[:-1], strict=True))]
            logprobs = {"tokens": [self.tokenizer.decode([token]) for token in ids], "token_logprobs": own, "top_logprobs": tops}
            # The token that the server was asked to generate.
            for key, value in (("tokens", "x"), ("token_logprobs", -1.0), ("top_logprobs", {"x": -1.0})):
                logprobs[key].append(value)
            choices.append({"index": at, "text": "", "logprobs": logprobs, "finish_reason": "length"})
        body = json.dumps({"object": "text_completion", "choices": choices}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server(place: Path) -> Iterator[str]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _Completions.model = AutoModelForCausalLM.from_pretrained(place / "model")
    _Completions.tokenizer = AutoTokenizer.from_pretrained(place / "model")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Completions) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/completions"
        server.shutdown()


@pytest.mark.parametrize("concurrent", [1, 3])
def test_a_model_over_an_api(place: Path, tmp_path: Path, server: str, concurrent: int) -> None:
    arguments = f"model=tiny,base_url={server},tokenizer={place / 'model'},tokenizer_backend=huggingface,num_concurrent={concurrent},max_length=127"
    options = ["--tasks", "tiny_choices,tiny_words", "--include_path", str(place / "tasks"), "--output_path", str(tmp_path), "--batch_size", "4"]
    assert retally.lm_eval.main(["--model", "local-completions", "--model_args", arguments, *options]) == 0
    assert verdict(tmp_path, "loglikelihood") == report_model.Verdicts(proven=5 * len(tiny.QUESTIONS), refuted=0, from_refuted=0, unprovable=0)


def test_the_module_is_a_program(place: Path, tmp_path: Path) -> None:
    # The command of the documentation, with a model and a task that need no download.
    example = pages.example("docs/python.md", "python -m retally.lm_eval", "sh")
    command = shlex.split(example.replace("MODEL", str(place / "model")).replace("arc_easy", "tiny_words"))
    command += ["--include_path", str(place / "tasks"), "--device", "cpu", "--limit", "10"]
    done = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no findings" in done.stdout
    assert len(list((tmp_path / "runs").rglob("recording_tiny_words_*.jsonl"))) == 1
