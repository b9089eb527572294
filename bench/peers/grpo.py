"""Peer: whole GRPO steps by TRL's GRPOTrainer: sampling, rewards, advantages, one update.

    python bench/peers/grpo.py '{"model": "folder", "prompts": ["..."], "good": "..."}'

How it is run and answers: see common.py, interactive only. Settings of its own, with defaults:

    model                      a Hugging Face folder with a tokenizer (required)
    prompts                    texts of the training tasks (required)
    good                       characters that count; a completion's reward is their share (required)
    promptsPerStep 32, completions 8, newTokens 64, learningRate 1e-5
    tuned true                 the fastest settings found for this work, or, when false, TRL's defaults
    microBatch 64              completions a forward-and-backward pass of a tuned trainer

The trainer is in trainer.train the whole time: it stops before each step and waits for `go`, and a repetition is what
lies between the trainer's own on_step_begin and on_step_end; it tells the mean number of characters of the completions
(one character is one token). The first step is done before it is ready, untimed.

What is not named here is TRL's default (beta 0, one iteration, no reference model, no scoring of the old policy). TRL's
defaults are gradient checkpointing, bfloat16 autocasting and 8 completions a pass; a tuned trainer has neither of the first
two and 64 completions a pass (of 256, 64 and 32 the fastest on the machine this was written on). Nothing is logged
or saved, and the loss is "grpo", which is ours.

The result: {peer, python, torch, transformers, trl, threads, parameters, microBatch, repetitions: [seconds], medianSeconds}.
"""

import statistics
import sys
import tempfile
import time
from importlib.metadata import version

from common import answer, describe, fail, make_model, read_settings, summary

DEFAULTS = dict(
    model=None, prompts=None, good=None, promptsPerStep=32, completions=8, newTokens=64, learningRate=1e-5,
    tuned=True, microBatch=64,
)  # fmt: skip

TRL_MICRO_BATCH = 8


def trainer_settings(settings, folder):
    from trl import GRPOConfig

    rows = settings["promptsPerStep"] * settings["completions"]
    micro = settings["microBatch"] if settings["tuned"] else TRL_MICRO_BATCH
    precision = dict(bf16=False, gradient_checkpointing=False) if settings["tuned"] else {}
    if rows % micro != 0:
        fail(f"settings.microBatch: expected a divisor of {rows}, got {micro}")
    return GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=rows // micro,
        num_generations=settings["completions"],
        max_completion_length=settings["newTokens"],
        max_steps=1_000_000,
        learning_rate=settings["learningRate"],
        lr_scheduler_type="constant",
        loss_type="grpo",
        use_cpu=True,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=settings["seed"],
        **precision,
    )


def main():
    settings = read_settings(DEFAULTS)
    for name in ("model", "prompts", "good"):
        if not settings[name]:
            fail(f"settings.{name}: is missing")
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOTrainer

    good = set(settings["good"])

    characters = []

    def share_of_good(completions, **_):
        characters.extend(len(text) for text in completions)
        return [sum(c in good for c in text) / max(1, len(text)) for text in completions]

    tokenizer = AutoTokenizer.from_pretrained(settings["model"])
    model = make_model(settings, "sdpa")
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    rows = settings["promptsPerStep"] * settings["completions"]
    tokens = rows * settings["newTokens"]
    seconds = []
    ready = {
        "peer": "TRL GRPOTrainer, tuned" if settings["tuned"] else "TRL GRPOTrainer, its defaults",
        **describe(settings),
        "trl": version("trl"),
        "parameters": sum(p.numel() for p in model.parameters()),
        "tuned": settings["tuned"],
        "microBatch": settings["microBatch"] if settings["tuned"] else TRL_MICRO_BATCH,
    }

    class Turns(TrainerCallback):
        """Waits for its turn before each step and times it."""

        def __init__(self):
            self.started = None

        def on_step_begin(self, args, state, control, **_):
            if state.global_step == 0:
                return
            if state.global_step == 1:
                answer({"ready": True, **ready})
            line = sys.stdin.readline().split()
            while line and line[0] not in ("go", "quit"):
                answer({"error": f"line {' '.join(line)!r}: expected go or quit"})
                line = sys.stdin.readline().split()
            if not line or line[0] == "quit":
                answer({**ready, **summary(seconds, tokens)})
                sys.exit(0)
            characters.clear()
            self.started = time.perf_counter()

        def on_step_end(self, args, state, control, **_):
            if self.started is None:
                return
            seconds.append(time.perf_counter() - self.started)
            rate = round(tokens / seconds[-1], 3)
            mean = statistics.mean(characters)
            answer({"repetition": len(seconds), "seconds": round(seconds[-1], 6), "tokensPerSecond": rate, "characters": mean})

    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=share_of_good,
            args=trainer_settings(settings, folder),
            train_dataset=Dataset.from_dict({"prompt": settings["prompts"]}),
            processing_class=tokenizer,
            callbacks=[Turns()],
        )
        trainer.train()


if __name__ == "__main__":
    main()
