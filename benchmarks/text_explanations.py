"""Words of long texts: what an explanation costs, how far it is off, and how often its intervals hold.

    python benchmarks/text_explanations.py [--words 200] [--texts 3] [--seeds 4]

Models: VADER (a lexicon with rules for negation, emphasis and "but") and TF-IDF with a logistic regression, trained on
sentences made here. The reference of an error is the explanation with twenty times the largest number of samples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

import pellucid
from pellucid.results.text_explanation import TextExplanation

GOOD = ["great", "lovely", "superb", "kind", "fresh", "clean", "wonderful", "friendly", "quiet", "cheap"]
BAD = ["awful", "rude", "dirty", "stale", "noisy", "cold", "horrible", "slow", "broken", "expensive"]
THINGS = ["food", "room", "staff", "coffee", "view", "bed", "shower", "breakfast", "lobby", "pool"]
FRAMES = (
    "The {thing} was {word}.",
    "I found the {thing} very {word}!",
    "We didn't think the {thing} was {word}, but others did.",
    "It was not {word}, yet the {thing} is {other}.",
)
Model = Callable[[list[str]], np.ndarray]


def sentence(rng: np.random.Generator) -> tuple[str, float]:
    """A sentence and how kind its words are."""
    good, bad = rng.choice(GOOD), rng.choice(BAD)
    word, other = (good, bad) if rng.random() < 0.5 else (bad, good)
    return rng.choice(FRAMES).format(thing=rng.choice(THINGS), word=word, other=other), float(word in GOOD)


def long_text(words: int, rng: np.random.Generator) -> str:
    """Sentences with about so many tokens."""
    text = ""
    while len(text.split()) < 0.8 * words:
        text += sentence(rng)[0] + " "
    return text.strip()


def models(rng: np.random.Generator) -> dict[str, Model]:
    """Models by name."""
    analyzer = SentimentIntensityAnalyzer()
    made = [sentence(rng) for _ in range(2000)]
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10.0))
    pipeline.fit([text for text, _ in made], [int(kind) for _, kind in made])
    return {
        "VADER": lambda texts: np.array([analyzer.polarity_scores(text)["compound"] for text in texts]),
        "TF-IDF, logistic": lambda texts: pipeline.predict_proba(texts)[:, 1],
    }


def counted(model: Model) -> tuple[Model, list[int]]:
    """The model, and the number of texts of each call."""
    calls: list[int] = []

    def asked(texts: list[str]) -> np.ndarray:
        calls.append(len(texts))
        return model(texts)

    return asked, calls


def values_of(found: TextExplanation) -> list[np.ndarray]:
    """Values of the first output, text by text."""
    return [text.values[:, 0] for text in found.texts]


def squared_error(found: list[np.ndarray], truth: list[np.ndarray]) -> float:
    """Relative squared error, the mean over the texts."""
    return float(np.mean([((f - t) ** 2).sum() / (t**2).sum() for f, t in zip(found, truth, strict=True)]))


def measure(name: str, model: Model, texts: list[str], seeds: int) -> None:
    """One line per budget."""
    units = [len(text.units) for text in pellucid.explain_text(lambda some: np.zeros(len(some)), texts).texts]
    default = 2 * max(units) + 2048
    truth = values_of(
        pellucid.explain_text(model, texts, budget={"samples": 20 * default}, seed=99, estimator="leverage")
    )
    print(f"\n{name}: {len(texts)} texts of {min(units)} to {max(units)} tokens")
    print(
        f"{'samples':>8} {'estimator':>10} {'error':>9} {'95 % holds':>10} {'per text':>10} {'calls':>6} {'seconds':>8}"
    )
    for samples, estimator in [
        (4 * max(units) + 8, "auto"),
        (default, "leverage"),
        (default, "auto"),
        (4 * default, "auto"),
        (default, "nested"),
    ]:
        errors, held = [], []
        begun = time.perf_counter()
        for seed in range(seeds):
            asked, calls = counted(model)
            how = {"hierarchical": True} if estimator == "nested" else {"estimator": estimator}
            found = pellucid.explain_text(asked, texts, budget={"samples": samples}, seed=seed, **how)
            if estimator == "nested":
                continue  # Owen values are others than Shapley values
            errors.append(squared_error(values_of(found), truth))
            for text, of_text in zip(found.texts, truth, strict=True):
                error = text.standard_errors[:, 0]
                held.append(np.mean(np.abs(text.values[:, 0] - of_text) <= 1.96 * error))
        error = f"{np.mean(errors):9.1e}" if errors else " " * 9
        covered = f"{np.mean(held):10.3f}" if held else " " * 10
        seconds = (time.perf_counter() - begun) / seeds
        asked_per_text = sum(calls) / len(texts)
        print(f"{samples:8d} {estimator:>10} {error} {covered} {asked_per_text:10.0f} {len(calls):6d} {seconds:8.2f}")


def main() -> None:
    """Measure all models."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--texts", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=4)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    texts = [long_text(given.words, rng) for _ in range(given.texts)]
    for name, model in models(rng).items():
        measure(name, model, texts, given.seeds)


if __name__ == "__main__":
    main()
