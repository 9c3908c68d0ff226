"""The sum of all log-probs of a log, as a script with one library would find it: `sums.py LIBRARY SHAPE FILE`."""

import json
import sys


def with_json(shape: str, path: str, loads) -> float:
    total = 0.0
    with open(path, "rb") as lines:
        for line in lines:
            row = loads(line)
            if shape == "chat":
                for choice in row["response"]["choices"]:
                    total += sum(token["logprob"] for token in choice["logprobs"]["content"])
            elif shape == "vllm":
                for output in row["outputs"]:
                    for name, listed in zip(output["token_ids"], output["logprobs"]):
                        total += listed[str(name)]["logprob"]
            elif shape == "lm-eval":
                total += sum(value for value, _ in row["filtered_resps"])
            else:
                total += sum(row["logprobs"])
    return total


def with_msgspec(shape: str, path: str) -> float:
    import msgspec

    class Token(msgspec.Struct):
        logprob: float

    class Content(msgspec.Struct):
        content: list[Token]

    class Choice(msgspec.Struct):
        logprobs: Content

    class Response(msgspec.Struct):
        choices: list[Choice]

    class Chat(msgspec.Struct):
        response: Response

    class Output(msgspec.Struct):
        token_ids: list[int]
        logprobs: list[dict[str, Token]]

    class Vllm(msgspec.Struct):
        outputs: list[Output]

    class Sample(msgspec.Struct):
        filtered_resps: list[tuple[float, bool]]

    class Native(msgspec.Struct):
        logprobs: list[float]

    kinds = {"chat": Chat, "vllm": Vllm, "lm-eval": Sample}
    decode = msgspec.json.Decoder(kinds.get(shape, Native)).decode
    total = 0.0
    with open(path, "rb") as lines:
        for line in lines:
            row = decode(line)
            if shape == "chat":
                total += sum(token.logprob for choice in row.response.choices for token in choice.logprobs.content)
            elif shape == "vllm":
                for output in row.outputs:
                    total += sum(listed[str(name)].logprob for name, listed in zip(output.token_ids, output.logprobs))
            elif shape == "lm-eval":
                total += sum(value for value, _ in row.filtered_resps)
            else:
                total += sum(row.logprobs)
    return total


def with_duckdb(shape: str, path: str) -> float:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    logprobs = {
        "chat": "list_sum(list_transform(response.choices[1].logprobs.content, lambda t: t.logprob))",
        "lm-eval": "list_sum(list_transform(filtered_resps, lambda r: CAST(r[1] AS DOUBLE)))",
    }.get(shape, "list_sum(logprobs)")
    query = f"SELECT sum({logprobs}) FROM read_json(?, format = 'newline_delimited', maximum_object_size = 100000000)"
    return connection.execute(query, [path]).fetchone()[0]


def with_polars(shape: str, path: str) -> float:
    import polars

    frame = polars.scan_ndjson(path)
    if shape == "chat":
        choice = polars.col("response").struct.field("choices").list.first()
        tokens = choice.struct.field("logprobs").struct.field("content")
        values = tokens.list.eval(polars.element().struct.field("logprob"))
    else:
        values = polars.col("logprobs")
    return frame.select(values.list.sum().sum()).collect().item()


def main() -> None:
    library, shape, path = sys.argv[1:]
    if library == "json":
        total = with_json(shape, path, json.loads)
    elif library == "orjson":
        import orjson

        total = with_json(shape, path, orjson.loads)
    else:
        total = {"msgspec": with_msgspec, "duckdb": with_duckdb, "polars": with_polars}[library](shape, path)
    print(f"{total:.6f}")


if __name__ == "__main__":
    main()
