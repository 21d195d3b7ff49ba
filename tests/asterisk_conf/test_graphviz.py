import sys

import pytest

from asterisk_conf import graphviz, tree


@pytest.fixture(scope="module")
def debian() -> tree.Tree:
    return tree.ensure(lambda line: print(line, file=sys.stderr))


def test_a_graph_is_laid_out(debian: tree.Tree) -> None:
    laid = graphviz.layout(debian, 'digraph { a [label="perché"]; a -> b [id="one"] }')
    (edge,) = laid["edges"]
    assert edge["id"] == "one"
    places = {one["name"]: float(one["pos"].split(",")[1]) for one in laid["objects"]}
    assert places["a"] > places["b"], "y grows upwards"


def test_a_mistake_is_told_in_graphviz_words(debian: tree.Tree) -> None:
    with pytest.raises(graphviz.GraphvizError, match="syntax error"):
        graphviz.layout(debian, "digraph { a ->")
