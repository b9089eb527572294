"""Peer: sampling with transformers.generate and its key-value cache, at several numbers of rows.

    python bench/peers/generate.py '{"rows": [1, 16, 64, 256], "promptLength": 32, "newTokens": 64, "threads": 2}'

How it is run and answers: see common.py. Settings of its own, with defaults:

    rows [1, 16, 64, 256]      numbers of rows to measure, each a batch of its own
    promptLength 32, newTokens 64    every row samples exactly newTokens (no end token); a repetition
                               counts rows * newTokens tokens, and its time includes reading the prompt
    model null                 a Hugging Face folder; null: random weights of the shape below
    attention "sdpa"           or "eager"
    cache null                 transformers' cache_implementation ("static", ...); null: its default, dynamic
    temperature 1              pure sampling: no top-k, no top-p

Shared: threads, seed, repetitions, warmup, interactive, and the shape vocab 512, hidden 256, layers 4,
heads 8, kvHeads 8, intermediate 512, maxPositions 2048, tied false.

Interactive: `go <rows>` does one timed repetition at that number of rows (any positive number, warmed
up when it is one of settings.rows); plain `go` takes the first of settings.rows. The answer also has rows.

The result: {peer, python, torch, transformers, threads, parameters, attention, promptLength, newTokens,
results: [{rows, repetitions: [seconds], medianSeconds, tokensPerSecond}]}, one entry for each number of rows.
"""

import torch
from common import answer, describe, fail, make_model, read_settings, serve, summary, timed

DEFAULTS = dict(
    rows=[1, 16, 64, 256], promptLength=32, newTokens=64, model=None, attention="sdpa", cache=None, temperature=1.0
)


def make_sampler(settings, model):
    """A function that samples for one batch of random prompts and checks that it got every token."""
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=float(settings["temperature"]),
        top_k=0,
        top_p=1.0,
        max_new_tokens=settings["newTokens"],
        use_cache=True,
        cache_implementation=settings["cache"],
        eos_token_id=None,
        pad_token_id=0,
    )
    prompts = {}

    def sample(rows):
        if rows not in prompts:
            prompts[rows] = torch.randint(3, model.config.vocab_size, (rows, settings["promptLength"]))
        ids = prompts[rows]
        with torch.inference_mode():
            output = model.generate(ids, attention_mask=torch.ones_like(ids))
        expected = (rows, settings["promptLength"] + settings["newTokens"])
        if tuple(output.shape) != expected:
            raise RuntimeError(f"generate returned shape {tuple(output.shape)}, expected {expected}")

    return sample


def main():
    settings = read_settings(DEFAULTS)
    if isinstance(settings["rows"], int):
        settings["rows"] = [settings["rows"]]
    if not settings["rows"] or not all(isinstance(n, int) and n > 0 for n in settings["rows"]):
        fail(f"settings.rows: expected positive integers, got {settings['rows']!r}")
    model = make_model(settings, settings["attention"]).eval()
    sample = make_sampler(settings, model)
    for rows in settings["rows"]:
        for _ in range(settings["warmup"]):
            sample(rows)
    seconds = {rows: [] for rows in settings["rows"]}
    ready = {
        "peer": "transformers.generate",
        **describe(settings),
        "parameters": sum(p.numel() for p in model.parameters()),
        "attention": settings["attention"],
        "promptLength": settings["promptLength"],
        "newTokens": settings["newTokens"],
    }

    def repeat(arguments):
        if len(arguments) > 1 or not all(a.isdigit() and int(a) > 0 for a in arguments):
            raise ValueError(f"go {' '.join(arguments)}: expected go, or go <number of rows>")
        rows = int(arguments[0]) if arguments else settings["rows"][0]
        took = seconds.setdefault(rows, [])
        took.append(timed(lambda: sample(rows)))
        rate = round(rows * settings["newTokens"] / took[-1], 3)
        return {"repetition": len(took), "rows": rows, "seconds": round(took[-1], 6), "tokensPerSecond": rate}

    def result():
        entries = [{"rows": n, **summary(took, n * settings["newTokens"])} for n, took in seconds.items()]
        return {**ready, "results": entries}

    if settings["interactive"]:
        serve(ready, repeat, result)
    else:
        for rows in settings["rows"]:
            for _ in range(settings["repetitions"]):
                repeat([str(rows)])
        answer(result())


if __name__ == "__main__":
    main()
