"""Peer: one training step (forward, cross-entropy, backward, AdamW) of a Llama-shaped decoder in PyTorch.

    python bench/peers/train_step.py '{"batch": 32, "length": 128, "threads": 2}'

How it is run and answers: see common.py. Settings of its own, with defaults:

    batch 32, length 128       rows and tokens a row; a step counts batch * length tokens
    attention "fastest"        "sdpa", "eager", or whichever is faster here
    optimizer "fastest"        "fused", "foreach", or whichever is faster here
    compile false              torch.compile the model (needs a C++ compiler; slow to start)
    lora null                  {"rank", "alpha", "targets"}: only adapters by PEFT are trained
    learningRate 1e-3, weightDecay 0.01, clipNorm null (a number clips the global gradient norm)

Shared: threads, seed, repetitions, warmup, interactive, and the shape vocab 512, hidden 256, layers 4,
heads 8, kvHeads 8, intermediate 512, maxPositions 2048, tied false (2.88 million parameters).

Interactive: `go <steps>` times that many steps in a row (1 unless given); repetitions are seconds a step.

The result: {peer, python, torch, transformers, threads, parameters, attention, optimizer, compile,
batch, length, tokensPerStep, repetitions: [seconds], medianSeconds, tokensPerSecond, loss: last}.
"""

import torch
from common import answer, describe, fail, make_model, read_settings, serve, summary, timed

DEFAULTS = dict(
    batch=32, length=128, attention="fastest", optimizer="fastest", compile=False,
    learningRate=1e-3, weightDecay=0.01, clipNorm=None, lora=None,
)  # fmt: skip
CHOICES = dict(attention=("sdpa", "eager"), optimizer=("fused", "foreach"))


def with_adapters(model, lora):
    if lora is None:
        return model
    from peft import LoraConfig, get_peft_model

    targets = list(lora["targets"])
    return get_peft_model(model, LoraConfig(r=lora["rank"], lora_alpha=lora["alpha"], target_modules=targets))


class Step:
    """A model, its optimiser and a batch of random tokens that stay in memory between steps."""

    def __init__(self, settings, attention, optimizer):
        torch.manual_seed(settings["seed"])
        self.attention, self.optimizer_name = attention, optimizer
        self.network = with_adapters(make_model(settings, attention), settings["lora"]).train()
        self.model = torch.compile(self.network) if settings["compile"] else self.network
        self.parameters = [p for p in self.network.parameters() if p.requires_grad]
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
    """The combination asked for, or the one with the least time in its best of three steps (one where it is slow) after one to warm up."""
    options = {k: CHOICES[k] if settings[k] == "fastest" else (settings[k],) for k in CHOICES}
    candidates = [(a, o) for a in options["attention"] for o in options["optimizer"]]
    if len(candidates) == 1:
        return candidates[0]
    plain = {**settings, "compile": False}
    times = {}
    for candidate in candidates:
        step = Step(plain, *candidate)
        first = timed(step)
        times[candidate] = min(timed(step) for _ in range(3 if first < 1 else 1))
    return min(times, key=times.get)


def main():
    settings = read_settings(DEFAULTS)
    for name in CHOICES:
        if settings[name] not in (*CHOICES[name], "fastest"):
            fail(f"settings.{name}: expected {', '.join(CHOICES[name])} or fastest, got {settings[name]!r}")
    step = Step(settings, *fastest(settings))
    try:
        for _ in range(settings["warmup"]):
            step()
    except Exception as error:
        if not settings["compile"]:
            raise
        fail(f"torch.compile does not work here: {str(error).strip().splitlines()[0][:160]}")
    tokens = settings["batch"] * settings["length"]
    seconds = []
    ready = {
        "peer": ("torch.compile" if settings["compile"] else "PyTorch eager") + (", PEFT" if settings["lora"] else ""),
        **describe(settings),
        "parameters": sum(p.numel() for p in step.parameters),
        "attention": step.attention,
        "optimizer": step.optimizer_name,
        "compile": settings["compile"],
        "batch": settings["batch"],
        "length": settings["length"],
        "tokensPerStep": tokens,
    }

    def repeat(arguments):
        if len(arguments) > 1 or not all(a.isdigit() and int(a) > 0 for a in arguments):
            raise ValueError(f"go {' '.join(arguments)}: expected go, or go <number of steps>")
        steps = int(arguments[0]) if arguments else 1
        took = timed(lambda: [step() for _ in range(steps)])
        seconds.append(took / steps)
        rate = round(tokens / seconds[-1], 3)
        return {"repetition": len(seconds), "seconds": round(took, 6), "tokensPerSecond": rate}

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
