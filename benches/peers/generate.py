"""Writes made-up logs: `generate.py SHAPE MEGABYTES FILE [--bad all|last]`.

Every number is drawn from a seeded generator. Scores are the sums of the log-probs beside them; with `--bad all` every
score is a mean, with `--bad last` only the last tenth of the rows.
"""

import argparse
import json
import math
import random

VOCABULARY = [f" w{at}" for at in range(2000)] + ["é", "\n", '"q']


def top(count: int) -> list[float]:
    logits = sorted((8 * random.random() for _ in range(count)), reverse=True)
    total = math.log(sum(math.exp(logit) for logit in logits) * 1.25)
    return [logit - total for logit in logits]


def own(count: int) -> int:
    return int(random.random() ** 2 * count)


def six(value: float) -> float:
    return float(f"{value:.6f}")


def score(logprobs: list[float], wrong: bool) -> float:
    total = math.fsum(logprobs)
    return total / len(logprobs) if wrong else total


def chat(at: int, wrong: bool) -> dict:
    tokens = []
    for _ in range(40):
        logprobs, names, pick = top(5), random.sample(VOCABULARY, 5), own(5)
        entries = [{"token": n, "logprob": p, "bytes": list(n.encode())} for n, p in zip(names, logprobs)]
        tokens.append({**entries[pick], "top_logprobs": entries})
    text = "".join(token["token"] for token in tokens)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "logprobs": {"content": tokens},
        "finish_reason": "stop",
    }
    response = {"id": f"chatcmpl-{at}", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    response["usage"] = {"prompt_tokens": 10, "completion_tokens": 40, "total_tokens": 50}
    total = score([token["logprob"] for token in tokens], wrong)
    return {"custom_id": f"q{at}", "response": response, "logprob_sum": total}


def native(at: int, wrong: bool) -> dict:
    logprobs = [six(top(5)[own(5)]) for _ in range(30)]
    tokens = [random.choice(VOCABULARY) for _ in logprobs]
    names = {"item": f"q{at // 4}", "candidate": at % 4}
    return {**names, "tokens": tokens, "logprobs": logprobs, "score": six(score(logprobs, wrong))}


def short(at: int, wrong: bool) -> dict:
    logprobs = [six(top(3)[0]) for _ in range(6)]
    return {"item": f"q{at // 4}", "candidate": at % 4, "logprobs": logprobs, "score": six(score(logprobs, wrong))}


def vllm(at: int, wrong: bool) -> dict:
    maps, ids, logprobs = [], [], []
    for _ in range(30):
        listed, pick, names = top(5), own(5), random.sample(range(50000), 5)
        order = [pick, *(other for other in range(5) if other != pick)]
        maps.append({
            str(names[rank]): {"logprob": listed[rank], "rank": rank + 1, "decoded_token": VOCABULARY[names[rank] % 2000]}
            for rank in order
        })
        ids.append(names[pick])
        logprobs.append(listed[pick])
    output = {
        "index": 0,
        "text": "".join(VOCABULARY[name % 2000] for name in ids),
        "token_ids": ids,
        "cumulative_logprob": score(logprobs, wrong),
        "logprobs": maps,
        "finish_reason": "stop",
    }
    return {"request_id": f"r{at}", "prompt": "p", "prompt_token_ids": [1, 2], "outputs": [output], "finished": True}


def lm_eval(at: int, wrong: bool) -> dict:
    choices = [" ".join(random.choices(VOCABULARY[:2000], k=8)).strip() for _ in range(4)]
    scores = [-random.random() * 40 for _ in choices]
    best = max(range(4), key=scores.__getitem__)
    gold = random.randrange(4)
    right = float(best == gold)
    question = " ".join(random.choices(VOCABULARY[:2000], k=60)).strip()
    return {
        "doc_id": at,
        "doc": {"question": question, "choices": choices, "gold": gold},
        "target": gold,
        "arguments": {
            f"gen_args_{rank}": {"arg_0": f"Question: {question}\nAnswer:", "arg_1": f" {choice}"}
            for rank, choice in enumerate(choices)
        },
        "resps": [[[value, False]] for value in scores],
        "filtered_resps": [[value, False] for value in scores],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": f"{at:064x}",
        "prompt_hash": f"{at:064x}",
        "target_hash": f"{gold:064x}",
        "acc": 1.0 - right if wrong else right,
    }


SHAPES = {"chat": chat, "native": native, "short": short, "vllm": vllm, "lm-eval": lm_eval}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("megabytes", type=float)
    parser.add_argument("file")
    parser.add_argument("--bad", choices=["all", "last"])
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    random.seed(given.seed)
    wanted, written, at = given.megabytes * 1e6, 0, 0
    with open(given.file, "w") as out:
        while written < wanted:
            wrong = given.bad == "all" or (given.bad == "last" and written > 0.9 * wanted)
            line = json.dumps(SHAPES[given.shape](at, wrong)) + "\n"
            written += out.write(line)
            at += 1


if __name__ == "__main__":
    main()
