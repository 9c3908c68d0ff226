"""A tiny language model with random weights, made on the spot, and a multiple-choice task for it."""

from __future__ import annotations

import json
from pathlib import Path

QUESTIONS = [
    {"question": f"{first} plus {second} is", "choices": [str(first + second + by) for by in (0, 7, 110, 2041)], "label": 0}
    for first in range(1, 9)
    for second in range(2, 8)
]


def model(folder: Path) -> Path:
    """Saves a GPT-2 with two layers and a byte-level tokenizer in the folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([one["question"] for one in QUESTIONS], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<|end|>", pad_token="<|end|>")
    torch.manual_seed(7)
    config = GPT2Config(vocab_size=len(fast), n_positions=128, n_embd=32, n_layer=2, n_head=2, initializer_range=0.6)
    GPT2LMHeadModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def tasks(folder: Path) -> Path:
    """Writes the tasks `tiny_choices`, `tiny_words` and `tiny_pages` for lm-evaluation-harness."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "questions.jsonl"
    data.write_text("".join(json.dumps(one) + "\n" for one in QUESTIONS), encoding="utf-8")
    common = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {data}}}}}\ntest_split: test\nmetadata: {{version: 1.0}}\n"
    (folder / "choices.yaml").write_text(
        f"task: tiny_choices\noutput_type: multiple_choice\n{common}"
        'doc_to_text: "{{question}}"\ndoc_to_target: label\ndoc_to_choice: choices\n'
        "metric_list: [{metric: acc}, {metric: acc_norm}, {metric: acc_mutual_info}]\n",
        encoding="utf-8",
    )
    (folder / "words.yaml").write_text(
        f"task: tiny_words\noutput_type: loglikelihood\n{common}"
        'doc_to_text: "{{question}}"\ndoc_to_target: "{{choices[2]}}"\nmetric_list: [{metric: perplexity}, {metric: acc}]\n',
        encoding="utf-8",
    )
    (folder / "pages.yaml").write_text(
        f"task: tiny_pages\noutput_type: loglikelihood_rolling\n{common}"
        'doc_to_text: ""\ndoc_to_target: "{{question}} {{choices}} {{question}} {{choices}} {{question}} {{choices}}"\n'
        "metric_list: [{metric: word_perplexity}, {metric: byte_perplexity}, {metric: bits_per_byte}]\n",
        encoding="utf-8",
    )
    return folder
