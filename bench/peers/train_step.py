"""Peer: one training step (forward, cross-entropy, backward, AdamW) of a Llama-shaped decoder in PyTorch.

    python bench/peers/train_step.py '{"batch": 32, "length": 128, "threads": 2}'

How it is run and answers: see common.py. Settings of its own, with defaults:

    batch 32, length 128       rows and tokens a row; a step counts batch * length tokens
    attention "fastest"        "sdpa", "eager", or whichever is faster here
    optimizer "fastest"        "fused", "foreach", or whichever is faster here
    compile false              torch.compile the model (needs a C++ compiler; slow to start)
    learningRate 1e-3, weightDecay 0.01, clipNorm null (a number clips the global gradient norm)

Shared: threads, seed, repetitions, warmup, interactive, and the shape vocab 512, hidden 256, layers 4,
heads 8, kvHeads 8, intermediate 512, maxPositions 2048, tied false (2.88 million parameters).

The result: {peer, python, torch, transformers, threads, parameters, attention, optimizer, compile,
batch, length, tokensPerStep, repetitions: [seconds], medianSeconds, tokensPerSecond, loss: last}.
"""

import torch
from common import answer, describe, fail, make_model, read_settings, serve, summary, timed

DEFAULTS = dict(
    batch=32, length=128, attention="fastest", optimizer="fastest", compile=False,
    learningRate=1e-3, weightDecay=0.01, clipNorm=None,
)  # fmt: skip
CHOICES = dict(attention=("sdpa", "eager"), optimizer=("fused", "foreach"))


class Step:
    """A model, its optimiser and a batch of random tokens that stay in memory between steps."""

    def __init__(self, settings, attention, optimizer):
        torch.manual_seed(settings["seed"])
        self.attention, self.optimizer_name = attention, optimizer
        self.network = make_model(settings, attention).train()
        self.model = torch.compile(self.network) if settings["compile"] else self.network
        self.parameters = list(self.network.parameters())
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=settings["learningRate"],
            weight_decay=settings["weightDecay"],
            fused=optimizer == "fused",
            foreach=optimizer == "foreach",
        )
        self.clip = settings["clipNorm"]
        self.ids = torch.randint(0, settings["vocab"], (settings["batch"], settings["length"]))
        self.targets = torch.randint(0, settings["vocab"], (settings["batch"] * settings["length"],))
        self.loss = None

    def __call__(self):
        logits = self.model(input_ids=self.ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), self.targets)
        loss.backward()
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss = loss.item()


def fastest(settings):
    """The combination asked for, or the one with the least time in its best of three steps after one to warm up."""
    options = {k: CHOICES[k] if settings[k] == "fastest" else (settings[k],) for k in CHOICES}
    candidates = [(a, o) for a in options["attention"] for o in options["optimizer"]]
    if len(candidates) == 1:
        return candidates[0]
    plain = {**settings, "compile": False}
    times = {}
    for candidate in candidates:
        step = Step(plain, *candidate)
        step()
        times[candidate] = min(timed(step) for _ in range(3))
    return min(times, key=times.get)


def main():
    settings = read_settings(DEFAULTS)
    for name in CHOICES:
        if settings[name] not in (*CHOICES[name], "fastest"):
            fail(f"settings.{name}: expected {', '.join(CHOICES[name])} or fastest, got {settings[name]!r}")
    step = Step(settings, *fastest(settings))
    for _ in range(settings["warmup"]):
        step()
    tokens = settings["batch"] * settings["length"]
    seconds = []
    ready = {
        "peer": "pytorch-compile" if settings["compile"] else "pytorch-eager",
        **describe(settings),
        "parameters": sum(p.numel() for p in step.parameters),
        "attention": step.attention,
        "optimizer": step.optimizer_name,
        "compile": settings["compile"],
        "batch": settings["batch"],
        "length": settings["length"],
        "tokensPerStep": tokens,
    }

    def repeat(_):
        seconds.append(timed(step))
        rate = round(tokens / seconds[-1], 3)
        return {"repetition": len(seconds), "seconds": round(seconds[-1], 6), "tokensPerSecond": rate}

    def result():
        return {**ready, **summary(seconds, tokens), "loss": step.loss}

    if settings["interactive"]:
        serve(ready, repeat, result)
    else:
        for _ in range(settings["repetitions"]):
            repeat([])
        answer(result())


if __name__ == "__main__":
    main()
