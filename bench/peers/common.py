"""What the peer programs share: settings, the model, timing, and the two ways to be run.

A peer is started as `python <peer>.py '<settings as one JSON object>'` and prints only JSON lines on
standard output (everything else goes to standard error).

One shot (the default): warms up, times `repetitions` repetitions, prints one JSON object and exits.

Interactive ("interactive": true), so that another program can alternate with it on the same machine:
after warming up it prints {"ready": true, ...} and waits, using no processor time. Each line `go` on
standard input does one timed repetition and prints {"repetition": n, "seconds": s, "tokensPerSecond": r}.
A line `quit`, or the end of the input, prints the same object as one shot would and exits. A line that
is not understood prints {"error": text} and changes nothing.

Wrong settings: {"error": text} on standard output and exit status 2.
"""

import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version

MODEL_SETTINGS = dict(
    vocab=512, hidden=256, layers=4, heads=8, kvHeads=8, intermediate=512, maxPositions=2048, tied=False
)
RUN_SETTINGS = dict(threads=2, seed=0, repetitions=5, warmup=2, interactive=False)


def fail(message):
    print(json.dumps({"error": message}), flush=True)
    sys.exit(2)


def read_settings(defaults):
    """argv[1] over the defaults; also fixes the number of threads before torch is used."""
    defaults = {**RUN_SETTINGS, **MODEL_SETTINGS, **defaults}
    try:
        given = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    except json.JSONDecodeError as error:
        fail(f"settings (first argument): not JSON: {error}")
    if not isinstance(given, dict):
        fail(f"settings (first argument): expected an object, got {type(given).__name__}")
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        fail(f"settings.{unknown[0]}: unknown; known are {', '.join(sorted(defaults))}")
    settings = {**defaults, **given}
    for name in ("threads", "repetitions", "vocab", "hidden", "layers", "heads", "kvHeads", "intermediate"):
        if not isinstance(settings[name], int) or settings[name] < 1:
            fail(f"settings.{name}: expected a positive integer, got {settings[name]!r}")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    import torch

    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    return settings


def make_model(settings, attention):
    """The Hugging Face folder settings["model"], or a Llama of the given shape with random weights; float32."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if settings.get("model"):
        if not os.path.isfile(os.path.join(settings["model"], "config.json")):
            fail(f"settings.model: expected a Hugging Face folder with a config.json, got {settings['model']!r}")
        return AutoModelForCausalLM.from_pretrained(
            settings["model"], dtype=torch.float32, attn_implementation=attention
        )
    config = LlamaConfig(
        vocab_size=settings["vocab"],
        hidden_size=settings["hidden"],
        intermediate_size=settings["intermediate"],
        num_hidden_layers=settings["layers"],
        num_attention_heads=settings["heads"],
        num_key_value_heads=settings["kvHeads"],
        max_position_embeddings=settings["maxPositions"],
        tie_word_embeddings=settings["tied"],
        attn_implementation=attention,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(config)


def timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def describe(settings):
    """What any result says about how it was measured."""
    libraries = {name: version(name) for name in ("torch", "transformers")}
    return {"python": platform.python_version(), **libraries, "threads": settings["threads"]}


def summary(seconds, tokens):
    """Median and all repetitions; tokensPerSecond belongs to the median."""
    if not seconds:
        return {"repetitions": [], "medianSeconds": None, "tokensPerSecond": None}
    median = statistics.median(seconds)
    return {
        "repetitions": [round(s, 6) for s in seconds],
        "medianSeconds": round(median, 6),
        "tokensPerSecond": round(tokens / median, 3),
    }


def answer(value):
    print(json.dumps(value), flush=True)


def serve(ready, repeat, result):
    """The interactive mode: repeat(arguments) -> a JSON object, raising ValueError for bad arguments."""
    answer({"ready": True, **ready})
    for line in sys.stdin:
        command, *arguments = line.split() or [""]
        if command == "quit":
            break
        if command != "go":
            answer({"error": f"line {line.strip()!r}: expected go or quit"})
            continue
        try:
            answer(repeat(arguments))
        except ValueError as error:
            answer({"error": str(error)})
    answer(result())
