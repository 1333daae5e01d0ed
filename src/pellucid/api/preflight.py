"""Everything that can be known of a job before it is computed, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.api.model_access import ModelSource, access_problems, source_problems, unused_places
from pellucid.api.relative_paths import beside
from pellucid.config.analysis import AnalysisConfig
from pellucid.config.bias_request import BiasRequest
from pellucid.config.load import LoadedConfig, load_config, parse_config
from pellucid.datasets import Dataset, DatasetSource, read_dataset, scan_errors_translated
from pellucid.datasets.scan import Scan
from pellucid.errors import ConfigError, InputError, Problem
from pellucid.jobs.bias_request import bias_request, column_problems, model_features
from pellucid.records import dataclass

if TYPE_CHECKING:
    from pellucid.datasets.images import ImageFile
    from pellucid.protocols.table import LocalTable

__all__ = ["Preflight", "asks_for_predictions", "preflight", "table_over"]

IMAGES = "application/x-image"
TABLES = ("text/csv", "application/x-parquet")
"""Formats whose columns can be read without knowing which of them are labels."""

AS_MEANT = (
    "was skipped as a header row.",
    "was taken as header row.",
    "by position.",
)
"""Ends of what readers note without a doubt."""


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A job as far as it could be prepared.

    Parameters
    ----------
    problems
        Everything found to be wrong; the job can run where there are none.
    heading
        Clarify's words for the first kind of fault found, where it has some.
    warnings
        What is accepted although Clarify would refuse it, or decided while reading and in doubt.
    notes
        What was read as it was meant, such as a header row.
    model
        Where the model is that is asked for predictions; None where the data set holds them, or none are needed.
    images
        The images to explain, of a job on images.
    loaded, dataset, table, request
        What could be made of the configuration and the data; None where a fault is in the way.
    """

    config_path: Path
    problems: tuple[Problem, ...] = ()
    heading: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    model: ModelSource | None = None
    images: tuple[ImageFile, ...] | None = None
    loaded: LoadedConfig | None = field(default=None, repr=False)
    dataset: Dataset | None = field(default=None, repr=False)
    table: LocalTable | None = field(default=None, repr=False)
    request: BiasRequest | None = field(default=None, repr=False)

    @property
    def config(self) -> AnalysisConfig:
        """The configuration.

        Raises
        ------
        ConfigError
            It could not be read.
        """
        if self.loaded is None:
            raise self.error()
        return self.loaded.config

    def error(self) -> ConfigError:
        """All problems as one error."""
        return ConfigError(self.problems, heading=self.heading)


def preflight(
    config_path: str | Path,
    *,
    data: str | None = None,
    data_input: str | None = None,
    strict: bool = False,
    seed: int | None = None,
    models: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
) -> Preflight:
    """Read configuration and data set as far as possible, and collect every fault.

    Parameters
    ----------
    data
        The data set, in the place of ``dataset_uri``.
    data_input
        The data set of a configuration without ``dataset_uri``.
    strict
        Accept exactly what Clarify accepts.
    seed
        In the place of the configuration's.
    models, endpoints
        Where the models and endpoints are that the configuration names.
    """
    path = Path(config_path)
    found = Preflight(config_path=path)
    try:
        loaded = load_config(path, strict=strict)
    except ConfigError as error:
        found = replace(found, problems=error.problems, heading=error.heading)
        salvaged = _salvaged(path, error, strict=strict)
        if salvaged is None:
            return found
        loaded = salvaged
    found = replace(found, loaded=loaded, warnings=loaded.warnings)
    config = loaded.config
    problems = [*found.problems]
    if asks_for_predictions(config) or config.methods.shap is not None or config.methods.pdp is not None:
        model, unknown = source_problems(config, path, models or {}, endpoints or {})
        unused = unused_places(config, models or {}, endpoints or {})
        found = replace(found, model=model, warnings=(*found.warnings, *unused))
        problems += unknown
    if config.dataset_type == IMAGES:
        from pellucid.api.image_preflight import image_preflight

        found = replace(found, problems=tuple(problems))
        return image_preflight(found, data=data, data_input=data_input, strict=strict, seed=seed)
    sources = _sources(config, path, data, data_input)
    if isinstance(sources, Problem):
        return replace(found, problems=(*problems, sources))
    dataset, unread = _read(config, *sources)
    problems += unread
    if dataset is None:
        return replace(found, problems=tuple(problems))
    problems += [*column_problems(config, dataset), *_explanation_problems(config, path, dataset)]
    if found.model is not None:
        problems += access_problems(found.model, config, model_features(config, dataset))
    request = None if problems else bias_request(config, dataset, strict=strict, seed=seed)
    return replace(
        found,
        problems=tuple(problems),
        warnings=(*found.warnings, *(note for note in dataset.notes if not note.endswith(AS_MEANT))),
        notes=tuple(note for note in dataset.notes if note.endswith(AS_MEANT)),
        dataset=dataset,
        table=table_over(dataset),
        request=request,
    )


def asks_for_predictions(config: AnalysisConfig) -> bool:
    """Whether a model has to say what bias is measured on."""
    in_data = config.predicted_label is not None or config.predicted_label_dataset_uri is not None
    return config.methods.post_training_bias is not None and not in_data


def _explanation_problems(config: AnalysisConfig, path: Path, dataset: Dataset) -> list[Problem]:
    """What is wrong with the features and the baseline of explanations."""
    if config.methods.shap is None and config.methods.pdp is None:
        return []
    from pellucid.api.given_baseline import given_baseline
    from pellucid.jobs.explanations.request import explanation_problems

    problems = explanation_problems(config, dataset)
    try:
        given_baseline(config, path, dataset, table_over(dataset))
    except InputError as error:
        problems += error.problems
    return problems


def _read(
    config: AnalysisConfig, main: DatasetSource, facets: DatasetSource | None, predictions: DatasetSource | None
) -> tuple[Dataset | None, Sequence[Problem]]:
    """The data set and its faults; where only a label was not found, the data set without labels."""
    try:
        join = config.joinsource_name_or_index
        return read_dataset(main, facets=facets, predictions=predictions, join=join), ()
    except InputError as error:
        faults = error.problems
    if {problem.where for problem in faults} <= {"label", "predicted_label"} and config.dataset_type in TABLES:
        dataset, more = _read(config, replace(main, label=None, predicted_label=None), facets, None)
        return dataset, (*faults, *more)
    return None, faults


def table_over(dataset: Dataset) -> LocalTable:
    """The rows of a data set, whose faults are told in our words while they are read."""
    rows, plain = dataset.rows_of, dataset.plain
    if not isinstance(rows, Scan):
        from pellucid.engines.frames import FrameTable

        return FrameTable(rows, scan_errors_translated, dataset.order)
    from pellucid.engines.statements import StatementTable

    quick = plain if plain is not None and plain.scan is rows else None
    return StatementTable(
        rows.connection,
        rows.statement,
        rows.types,
        lambda: rows.relation,
        scan_errors_translated,
        counted=None if quick is None else quick.cube,
        first=None if quick is None else quick.head,
    )


def _salvaged(path: Path, error: ConfigError, *, strict: bool) -> LoadedConfig | None:
    """The configuration without its faulty keys, so that the data can be checked in the same go."""
    from pellucid.config.json_text import read_object

    try:
        document, _ = read_object(path, strict=strict)
        repaired = deepcopy(document)
        faulty = {problem.where.split(".")[0].split("[")[0] for problem in error.problems}
        for key in faulty:
            repaired.pop(key, None)
        if faulty & {"methods", "predictor"}:
            repaired["methods"] = {}  # the key is required, and post-training bias may want what was removed
        return parse_config(repaired, strict=strict, name=path.name)
    except ConfigError:
        return None


Sources = tuple[DatasetSource, DatasetSource | None, DatasetSource | None]


def _sources(config: AnalysisConfig, config_path: Path, data: str | None, data_input: str | None) -> Sources | Problem:
    """Main data set, facets, predictions; or the problem that there is no main data set."""
    uri = data or config.dataset_uri or data_input
    if uri is None:
        return Problem("dataset_uri", fix="Name the data set here, or give it with --data.")
    names = tuple(_mentioned(config))
    own_predictions = config.predicted_label_dataset_uri is None
    main = DatasetSource(
        uri=beside(config_path, uri) if uri == config.dataset_uri else uri,
        dataset_type=config.dataset_type,
        headers=config.headers,
        label=config.label,
        predicted_label=config.predicted_label if own_predictions else None,
        features=config.features,
        where="dataset_uri" if data is None else "--data",
        expected_names=names,
    )
    facets = predictions = None
    if config.facet_dataset_uri is not None:
        facets = DatasetSource(
            uri=beside(config_path, config.facet_dataset_uri),
            dataset_type=config.dataset_type,
            headers=config.facet_headers,
            where="facet_dataset_uri",
            expected_names=names,
        )
    if config.predicted_label_dataset_uri is not None:
        predictions = DatasetSource(
            uri=beside(config_path, config.predicted_label_dataset_uri),
            dataset_type=config.dataset_type,
            headers=config.predicted_label_headers,
            predicted_label=config.predicted_label,
            where="predicted_label_dataset_uri",
            expected_names=names,
        )
    return main, facets, predictions


def _mentioned(config: AnalysisConfig) -> Sequence[str]:
    """Column names that the configuration mentions."""
    shap, pdp = config.methods.shap, config.methods.pdp
    explained: tuple[int | str, ...] = () if pdp is None else pdp.features or ()
    if shap is not None:
        explained += shap.features_to_explain or ()
        explained += tuple(column for columns in shap.feature_groups.values() for column in columns)
        explained += (shap.text_config.columns or ()) if shap.text_config is not None else ()
    mentioned = [
        config.label,
        config.predicted_label,
        config.group_variable,
        config.weights,
        config.joinsource_name_or_index,
        *(facet.name_or_index for facet in config.facet or ()),
        *(segments.name_or_index for segments in config.segment_config or ()),
        *(config.excluded_columns or ()),
        *config.column_types,
        *explained,
    ]
    return [name for name in mentioned if isinstance(name, str)]
