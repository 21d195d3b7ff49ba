"""A YAML file with the place of everything in it. YAML 1.2; duplicate keys are errors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ivr.flow.findings import Finding, FlowErrors


class Source:
    """`data` are plain dicts and lists, with text keys."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self._tree: Any = YAML().load(path.read_text("utf-8"))
        except DuplicateKeyError as error:
            raise FlowErrors([self._marked(error, "duplicate-key", str(error.problem).split(" with")[0])]) from error
        except MarkedYAMLError as error:
            raise FlowErrors([self._marked(error, "yaml", str(error.problem or error.context))]) from error
        except (YAMLError, UnicodeDecodeError) as error:
            raise FlowErrors([Finding(name, 1, 1, "error", "yaml", str(error).splitlines()[0])]) from error
        except OSError as error:
            raise FlowErrors([Finding(name, 1, 1, "error", "file", str(error.strerror))]) from error
        self.data: Any = _plain(self._tree)

    def _marked(self, error: MarkedYAMLError, code: str, message: str) -> Finding:
        mark = error.problem_mark or error.context_mark
        return Finding(
            self.name, (mark.line if mark else 0) + 1, (mark.column if mark else 0) + 1, "error", code, message
        )

    def place(self, where: Sequence[Any]) -> tuple[int, int]:
        """(line, column) of the key or item at `where`; of the last part that exists, if not all does."""
        node, place = self._tree, (1, 1)
        for part in where:
            if isinstance(node, CommentedMap):
                key = next((key for key in node if str(key) == str(part)), None)
                if key is None:
                    break
                line, column = node.lc.key(key)
                node = node[key]
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line, column = node.lc.item(part)
                node = node[part]
            else:
                break
            place = (line + 1, column + 1)
        return place

    def finding(
        self, where: Sequence[Any], code: str, message: str, hint: str = "", severity: str = "error"
    ) -> Finding:
        return Finding(self.name, *self.place(where), severity, code, message, hint)


def _plain(value: Any) -> Any:
    if isinstance(value, CommentedMap):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
