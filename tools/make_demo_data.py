"""Make the demo's data set from UCI Adult: ``python tools/make_demo_data.py adult.data``.

Needs pandas, pyarrow and scikit-learn. The model's predictions depend on the scikit-learn version, so the file is made
once and kept; `src/pellucid/demo/ATTRIBUTION.md` says what was changed against the source.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import OrdinalEncoder

COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
]  # fmt: skip
CONTINUOUS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
NOT_SEEN_BY_THE_MODEL = ["sex", "race", "fnlwgt", "income"]
SEED = 0


def read_adult(path: Path) -> pd.DataFrame:
    """The rows of ``adult.data`` with their column names; ``?`` stays as it is."""
    adult = pd.read_csv(path, names=COLUMNS, skipinitialspace=True, keep_default_na=False)
    # UCI declares these continuous. As integers, Clarify's rule would take a column of 73 distinct ages in 32,561 rows
    # for categories, and a threshold on it for one single age.
    return adult.astype(dict.fromkeys(CONTINUOUS, float))


def predict_income(adult: pd.DataFrame) -> pd.Series:
    """Income predicted for each row by a model that was fitted without that row, and without sex and race."""
    features = adult.drop(columns=NOT_SEEN_BY_THE_MODEL)
    texts = [column for column in features if column not in CONTINUOUS]
    features[texts] = OrdinalEncoder().fit_transform(features[texts])
    model = HistGradientBoostingClassifier(categorical_features=texts, random_state=SEED)
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    return pd.Series(cross_val_predict(model, features, adult["income"], cv=folds), index=adult.index)


def main() -> None:
    """Read, predict, write."""
    parser = argparse.ArgumentParser(description="Make the demo's data set from UCI Adult.")
    parser.add_argument("adult_data", type=Path, help="adult.data as UCI publishes it")
    parser.add_argument("--output", type=Path, default=Path("src/pellucid/demo/adult.parquet"))
    arguments = parser.parse_args()
    adult = read_adult(arguments.adult_data)
    adult["predicted_income"] = predict_income(adult)
    table = pa.Table.from_pandas(adult, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, arguments.output, compression="zstd", compression_level=19)
    accuracy = (adult["income"] == adult["predicted_income"]).mean()
    print(f"{arguments.output}: {len(adult)} rows, {arguments.output.stat().st_size:,} bytes, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
