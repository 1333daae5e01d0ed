"""How a worker sets up its work: the model by its address, or sent along where its machine does not have it."""

import pickle
import sys

import numpy as np
import pytest

from pellucid.api.unit_recipe import UnitRecipe, unit_recipe
from pellucid.errors import ModelError
from pellucid.explain.partial_dependence import Grid
from pellucid.jobs.explanations.pdp_job import PdpUnit
from pellucid.models.load import load_model
from pellucid.protocols.model import Batch

UNIT = PdpUnit(
    number=0,
    rows=Batch({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 5.0])}),
    grids={"a": Grid(np.array([10.0]), np.array([1.0]))},
)


def done(recipe):
    """The sum of the predictions of both rows, with 10 in the place of a."""
    return pickle.loads(pickle.dumps(recipe)).opened()(UNIT)["a"].sums.tolist()


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder with a module, which is loaded from there as the driver does."""
    (tmp_path / "recipe_model.py").write_text("def total(rows):\n    return rows.sum(axis=1)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    load_model("recipe_model:total")
    yield tmp_path
    sys.modules.pop("recipe_model", None)


def test_a_module_of_the_working_folder_is_found_there(modules, monkeypatch):
    recipe = unit_recipe("recipe_model:total", None, allow_pickle=False, ship=False)
    assert recipe.shipped is None
    sys.modules.pop("recipe_model")
    monkeypatch.chdir("/")
    assert done(recipe) == [[28.0]]


def test_a_module_is_sent_to_machines_that_do_not_have_it(modules, monkeypatch):
    recipe = unit_recipe("recipe_model:total", None, allow_pickle=False, ship=True)
    (modules / "recipe_model.py").unlink()
    sys.modules.pop("recipe_model")
    sys.path.remove(str(modules))
    assert done(recipe) == [[28.0]]


def test_a_model_file_is_sent_to_machines_that_do_not_have_it(tmp_path):
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed")
    rows = np.array([[0.0, 0.0], [10.0, 3.0], [10.0, 5.0], [1.0, 1.0]])
    data = xgboost.DMatrix(rows, [0.0, 13.0, 15.0, 2.0], feature_names=["a", "b"])
    path = tmp_path / "model.ubj"
    xgboost.train({"max_depth": 3, "eta": 1.0, "lambda": 0.0, "base_score": 0.0}, data, 4).save_model(path)
    recipe = unit_recipe(str(path), None, allow_pickle=False, ship=True)
    path.unlink()
    assert done(recipe) == [pytest.approx([28.0], abs=1e-4)]


def test_a_model_that_a_worker_cannot_load_is_told_by_its_address(tmp_path):
    recipe = UnitRecipe(task=None, uri=str(tmp_path / "model.ubj"))
    with pytest.raises(ModelError) as caught:
        recipe.opened()
    message = (
        f"A worker cannot load the model. {tmp_path / 'model.ubj'}: there is no such file or folder; there are none."
    )
    assert str(caught.value).startswith(message)
