"""Records the tokens beneath lm-evaluation-harness's log-likelihoods, and audits the run at its end.

The harness logs one log-likelihood per request and no tokens, so nothing in its samples says whether the model class added
up the right numbers. A recorded run has, beside each samples file, a `recording_<task>_<date>.jsonl` with a line per request:
tokens, ids, log-probs in nats, the most likely token of each position, and the log-likelihood and the greedy flag that went
back to the harness. `retally check` reads both together.

    python -m retally.lm_eval --model hf --model_args pretrained=MODEL --tasks arc_easy --output_path runs/

takes the command line of `lm_eval`, records, and prints the report at the end; its exit code is that of `retally check`. From
Python:

    lm = retally.lm_eval.record(HFLM(pretrained="MODEL"))
    results = lm_eval.simple_evaluate(model=lm, tasks=["arc_easy"])
    retally.assert_clean(retally.lm_eval.write(lm, "runs/")[0])

The log-probs are taken from the logits of the model (`hf` and its subclasses) or from the answers of the server (models over
an API that returns token log-probs), not from the sum that the model class makes of them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from retally.errors import RetallyError

__all__ = ["main", "record", "write"]

Model = TypeVar("Model")

# The attribute of a model that holds its recorder.
_ATTRIBUTE = "_retally_recorder"


def record(model: Model) -> Model:
    """Makes a model of lm-evaluation-harness write down the tokens of its log-likelihood requests, and returns it.

    `model` is an instance of `HFLM` (causal), of a model over an API that returns token log-probs (`local-completions`,
    `openai-completions`), or of a subclass of these. Where the harness saves samples, the recording is written beside them;
    `write` writes it elsewhere. Requests that the harness answers from a cache are not recorded.
    """
    inner: Any = getattr(model, "lm", None) if type(model).__name__ == "CachingLM" else model
    if not hasattr(inner, _ATTRIBUTE):
        setattr(inner, _ATTRIBUTE, _Recorder(inner))
        _save_beside_samples()
    return model


def write(model: Any, directory: str | os.PathLike[str], date: str | None = None) -> list[Path]:
    """Writes what was recorded of a model to `recording_<task>_<date>.jsonl` and returns the paths.

    Without a date, to `recording_<task>.jsonl`: a log of its own, with the log-likelihoods that the model returned.
    """
    recorder = _recorder(model)
    if recorder is None:
        raise RetallyError("the model is not recorded; call retally.lm_eval.record(model) before the run")
    return [path for task in recorder.tasks() if (path := recorder.write(task, Path(directory), date))]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of `lm_eval`, with a recording and an audit at the end. Returns the exit code of the audit."""
    from lm_eval import evaluator

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if "--tasks" in arguments and "--log_samples" not in arguments:
        arguments.append("--log_samples")
    evaluate = evaluator.evaluate

    @functools.wraps(evaluate)
    def recorded(lm: Any, *rest: Any, **options: Any) -> Any:
        try:
            record(lm)
        except RetallyError as error:
            # Generated answers are audited without a recording.
            warnings.warn(str(error), stacklevel=2)
        return evaluate(lm, *rest, **options)

    saved = _save_beside_samples()
    argv = sys.argv
    evaluator.evaluate = recorded
    try:
        sys.argv = ["lm_eval", *arguments]
        from lm_eval.__main__ import cli_evaluate

        cli_evaluate()
    finally:
        evaluator.evaluate = evaluate
        sys.argv = argv
    if not saved:
        return 0
    from retally.audit import check

    report = check(*sorted({path for path in saved if path.exists()}), allow_unproven=True)
    saved.clear()
    print(report.to_text(), end="")
    return report.exit_code


# Files of samples, results and recordings that this process saved.
_SAVED: list[Path] = []


def _save_beside_samples() -> list[Path]:
    """Makes the harness write recordings where it saves samples. Returns the list of files that it saves from now on."""
    from lm_eval.loggers.evaluation_tracker import EvaluationTracker

    save = EvaluationTracker.save_results_samples
    if not hasattr(save, _ATTRIBUTE):

        @functools.wraps(save)
        def saved(self: Any, task_name: str, samples: Any) -> None:
            save(self, task_name, samples)
            if self.output_path:
                directory = Path(self.output_path)
                if directory.suffix == ".json":
                    directory = directory.parent
                else:
                    directory /= str(self.general_config_tracker.model_name_sanitized)
                _SAVED.append(directory / f"samples_{task_name}_{self.date_id}.jsonl")
                _SAVED.append(directory / f"results_{self.date_id}.json")
                for recorder in _RECORDERS:
                    path = recorder.write(task_name, directory, self.date_id)
                    _SAVED.extend([path] if path else [])

        setattr(saved, _ATTRIBUTE, True)
        EvaluationTracker.save_results_samples = saved
    return _SAVED


def _recorder(model: Any) -> _Recorder | None:
    inner = getattr(model, "lm", None) if type(model).__name__ == "CachingLM" else model
    return getattr(inner, _ATTRIBUTE, None)


@dataclass
class _Scored:
    """The scored tokens of a request or of one window of a text."""

    ids: list[int]
    logprobs: list[float]
    # The most likely token of each position, as an object of `top_logprobs`.
    best: list[dict[str, Any]]
    tokens: list[str] | None = None

    def and_then(self, other: _Scored) -> _Scored:
        tokens = None if self.tokens is None or other.tokens is None else self.tokens + other.tokens
        return _Scored(self.ids + other.ids, self.logprobs + other.logprobs, self.best + other.best, tokens)


class _Batch:
    """The encoded requests of one call, and what was seen of each."""

    def __init__(self, requests: Sequence[Any], longest: int) -> None:
        self.seen: list[_Scored | None] = [None] * len(requests)
        self.continuations = [list(request[2]) for request in requests]
        # Several requests may have one input: choices of one token after the same text.
        self._wanted: dict[tuple[int, ...], list[int]] = {}
        for at, (_, context, continuation) in enumerate(requests):
            self._wanted.setdefault(tuple([*context, *continuation][-longest:]), []).append(at)
        self.inputs: dict[tuple[int, ...], list[int]] = {}
        for key, places in self._wanted.items():
            self.inputs.setdefault(key[:-1], []).extend(places)
        self.lengths = {len(key) for key in self.inputs}

    def whole(self, tokens: Sequence[int]) -> list[int]:
        """Requests whose context and continuation are these tokens."""
        return self._wanted.get(tuple(tokens), [])


class _Recorder:
    """Watches one model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._batch: _Batch | None = None
        # Scored requests of the current call of the harness, in order.
        self._windows: list[_Scored | None] = []
        self._directory = tempfile.TemporaryDirectory(prefix="retally-")
        self._tasks: dict[str, tuple[Path, set[tuple[Any, int]]]] = {}
        self.missed = 0
        self._has_logits = hasattr(model, "_model_call")
        if not self._has_logits and not hasattr(model, "parse_logprobs"):
            raise RetallyError(
                f"cannot record {type(model).__name__}: expected a model class like `hf`, or one over an API that returns token log-probs"
            )
        if getattr(model, "backend", "causal") != "causal":
            raise RetallyError("cannot record an encoder-decoder model: only causal models are supported")
        self._watch("loglikelihood", self._around_loglikelihood)
        self._watch("loglikelihood_rolling", self._around_rolling)
        self._watch("_loglikelihood_tokens", self._around_tokens)
        if self._has_logits:
            self._watch("_model_call", self._around_model_call)
        else:
            self._watch("parse_logprobs", self._around_answers)
        _RECORDERS.append(self)

    def _watch(self, name: str, around: Callable[..., Any]) -> None:
        original = getattr(self._model, name)
        setattr(self._model, name, functools.wraps(original)(functools.partial(around, original)))

    # What the harness calls.

    def _around_loglikelihood(self, original: Callable[..., Any], requests: Sequence[Any], *rest: Any, **options: Any) -> Any:
        self._windows = []
        answers = original(requests, *rest, **options)
        if len(self._windows) == len(requests):
            for request, answer, scored in zip(requests, answers, self._windows, strict=True):
                self._keep(request, request.args[0], request.args[1], float(answer[0]), bool(answer[1]), scored)
        else:
            self.missed += len(requests)
        return answers

    def _around_rolling(self, original: Callable[..., Any], requests: Sequence[Any], *rest: Any, **options: Any) -> Any:
        self._windows = []
        answers = original(requests, *rest, **options)
        windows = iter(self._windows)
        for request, answer in zip(requests, answers, strict=True):
            (text,) = request.args
            whole: _Scored | None = _Scored([], [], [], [])
            left = len(self._model.tok_encode(text))
            while left > 0 and whole is not None:
                window = next(windows, None)
                whole = None if window is None else whole.and_then(window)
                left -= len(window.ids) if window else 0
            self._keep(request, "", text, float(answer), None, whole if left == 0 else None)
        return answers

    # What the model class calls.

    def _around_tokens(self, original: Callable[..., Any], requests: Iterable[Any], *rest: Any, **options: Any) -> Any:
        requests = list(requests)
        # `hf` cuts to one token more than the context, of which the last one is not an input.
        self._batch = _Batch(requests, self._model.max_length + self._has_logits)
        try:
            return original(requests, *rest, **options)
        finally:
            self._windows += self._batch.seen
            self._batch = None

    def _around_model_call(self, original: Callable[..., Any], inps: Any, *rest: Any, **options: Any) -> Any:
        logits = original(inps, *rest, **options)
        batch = self._batch
        if batch is not None:
            # Virtual tokens in front of the input, as of prompt tuning.
            shift = logits.shape[1] - inps.shape[1]
            for tokens, values in zip(inps.tolist(), logits, strict=True):
                for length in _lengths(tokens, batch.lengths):
                    for at in batch.inputs.get(tuple(tokens[:length]), ()):
                        if batch.seen[at] is None:
                            end = length + shift
                            count = len(batch.continuations[at])
                            batch.seen[at] = self._of_logits(values[end - count : end], batch.continuations[at])
        return logits

    def _of_logits(self, logits: Any, ids: list[int]) -> _Scored:
        """Log-probs as `hf` computes them, in the same number format."""
        import torch

        values = torch.nn.functional.log_softmax(logits, dim=-1, dtype=getattr(self._model, "softmax_dtype", None))
        own = values.gather(-1, torch.tensor(ids, device=values.device).unsqueeze(-1)).squeeze(-1)
        best, places = values.max(dim=-1)
        # Several may be the most likely one: `hf` takes the first.
        top = [{"id": place, "logprob": value} for place, value in zip(places.tolist(), best.tolist(), strict=True)]
        return _Scored(ids, own.tolist(), top, [self._model.tok_decode([token]) for token in ids])

    def _around_answers(self, original: Callable[..., Any], outputs: Any, tokens: Any = None, ctxlens: Any = None, **options: Any) -> Any:
        batch = self._batch
        if batch is not None:
            choices = [
                choice
                for output in (outputs if isinstance(outputs, list) else [outputs])
                for choice in sorted(output["choices"], key=lambda choice: choice["index"])
            ]
            for choice, sent, start in zip(choices, tokens or (), ctxlens or (), strict=False):
                for at in batch.whole(sent):
                    batch.seen[at] = _of_answer(choice.get("logprobs") or {}, batch.continuations[at], start, len(sent))
        return original(outputs=outputs, tokens=tokens, ctxlens=ctxlens, **options)

    # The files.

    def tasks(self) -> list[str]:
        return list(self._tasks)

    def _keep(self, request: Any, context: str, text: str, score: float, greedy: bool | None, scored: _Scored | None) -> None:
        if scored is None:
            self.missed += 1
            return
        task = str(request.task_name)
        if task not in self._tasks:
            self._tasks[task] = (Path(self._directory.name, f"{len(self._tasks)}.jsonl"), set())
        path, known = self._tasks[task]
        key = (request.doc_id, request.idx)
        if key in known:
            # A request that fills a batch of another process, or a repeat.
            return
        known.add(key)
        line: dict[str, Any] = {
            "lm_eval_request": hashlib.sha256(f"{context}\0{text}".encode("utf-8", "surrogatepass")).hexdigest(),
            "task": task,
            "item": request.doc_id,
            "candidate": request.idx,
            "continuation": text,
        }
        # Single tokens may be parts of a character, or lose a space: texts are written only if they spell the whole.
        if scored.tokens is not None and "".join(scored.tokens) == text:
            line["tokens"] = scored.tokens
        line |= {
            "token_ids": scored.ids,
            "logprobs": scored.logprobs,
            "top_logprobs": [[best] for best in scored.best],
            "segments": ["continuation"] * len(scored.ids),
            "score": score,
        }
        if greedy is not None:
            line["is_greedy"] = greedy
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def write(self, task: str, directory: Path, date: str | None) -> Path | None:
        """Writes a task's recording, if it has one."""
        if task not in self._tasks:
            return None
        if self.missed:
            warnings.warn(f"{self.missed} log-likelihood requests were not recorded; their log-likelihoods cannot be proven", stacklevel=3)
            self.missed = 0
        directory.mkdir(parents=True, exist_ok=True)
        to = directory / (f"recording_{task}_{date}.jsonl" if date else f"recording_{task}.jsonl")
        to.write_bytes(self._tasks[task][0].read_bytes())
        return to


_RECORDERS: list[_Recorder] = []


def _lengths(tokens: list[int], lengths: set[int]) -> list[int]:
    """The lengths that an input padded with zeros at the end may have. Attention is causal, so each of them is right."""
    end = len(tokens)
    while end > 0 and tokens[end - 1] == 0:
        end -= 1
    return [length for length in range(max(end, 1), len(tokens) + 1) if length in lengths]


def _of_answer(logprobs: dict[str, Any], ids: list[int], start: int, end: int) -> _Scored | None:
    """The scored tokens of an answer in the shape of OpenAI's completions, which repeats the prompt."""
    values = (logprobs.get("token_logprobs") or [])[start:end]
    if len(values) != len(ids) or any(value is None for value in values):
        return None
    texts = (logprobs.get("tokens") or [])[start:end]
    best = []
    for top in (logprobs.get("top_logprobs") or [])[start:end]:
        text = max(top, key=top.__getitem__) if top else None
        best.append({"token": text, "logprob": top[text]} if text is not None else {})
    is_complete = len(best) == len(ids) and all(best)
    return _Scored(ids, [float(value) for value in values], best if is_complete else [], texts if len(texts) == len(ids) else None)


if __name__ == "__main__":
    sys.exit(main())
