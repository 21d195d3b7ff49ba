"""`ivr flow check`: 100 flows of 1,000 nodes each in one process, and the house's own flows as a whole command.

python -m bench.check
"""

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FLOWS, NODES, PROMPTS, RUNS = 100, 1_000, 100, 7
SEED = 20261125
LANGUAGES = ("it", "en", "de", "fr")

# In a process of its own, so that its peak of memory is its own.
CHECK = """
import resource, sys, time
from pathlib import Path
begun = time.perf_counter()
from ivr.flow.check import check
found = check(Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(found), time.perf_counter() - begun, time.process_time(), peak)
"""


def flow(number: int, chance: random.Random) -> str:
    """A flow without mistakes that uses most verbs; each but the last calls the next as a subflow."""
    last = number == FLOWS - 1
    lines = ["ivr: 1", f"languages: [{', '.join(LANGUAGES)}]", f'numbers: ["+39061{number:06}"]']
    lines += ['variables: {reason: "", tries: 0}', "start: n0", "prompts:"]
    for prompt in range(PROMPTS):
        notice = "notice: recording, " if prompt == 0 else ""
        texts = ", ".join(f'{language}: "Frase numero {prompt} di {{caller.number}}."' for language in LANGUAGES)
        lines.append(f"  p{prompt}: {{{notice}{texts}}}")
    lines.append("nodes:")
    for node in range(NODES - 3):
        lines += _node(node, chance)
    lines += [f"  n{NODES - 3}: {{play: p0, next: n{NODES - 2}}}"]
    lines += [
        f"  n{NODES - 2}: {{hangup: normal}}" if last else f"  n{NODES - 2}: {{subflow: f{number + 1}, next: back}}"
    ]
    return "\n".join([*lines, "  back: {return: true}" if not last else "", ""])


def _node(node: int, chance: random.Random) -> Iterator[str]:
    prompt, after = f"p{node % PROMPTS}", f"n{node + 1}"
    other = f"n{chance.randrange(node + 1, NODES - 2)}"
    match node % 6:
        case 0:
            yield f"  n{node}: {{play: {prompt}, next: {after}}}"
        case 1:
            yield f"  n{node}:"
            yield f"    menu: {{prompt: {prompt}, choices: {{1: {after}, 2: {other}, 3: {other}}}, timeout: 5s}}"
            yield f"    otherwise: {after}"
        case 2:
            yield f"  n{node}:"
            yield f"    branch: [{{when: 'tries > {node} && caller.district == \"{node}\"', go: {other}}}]"
            yield f"    otherwise: {after}"
        case 3:
            yield f"  n{node}: {{set: {{reason: '= caller.number + \"{node}\"', tries: = tries + 1}}, next: {after}}}"
        case 4:
            yield f"  n{node}: {{ticket: {{subject: Reason {node}, fields: {{reason: = reason}}}}, next: {after}}}"
        case _:
            exits = ", ".join(f"{exit}: {other}" for exit in ("served", "timeout", "full", "unstaffed"))
            yield f"  n{node}: {{queue: {{name: payments, skills: [language]}}, {exits.replace(other, after, 1)}}}"


def main() -> None:
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "queues.yaml").write_text("payments: {}\n")
        for number in range(FLOWS):
            (folder / f"f{number}.flow.yaml").write_text(flow(number, chance))
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        done = subprocess.run([sys.executable, "-c", CHECK, name], capture_output=True, text=True, check=True)
    found, seconds, cpu, peak = map(float, done.stdout.split())
    print(f"check of {FLOWS} flows, {NODES} nodes each ({size:.0f} MB), seed {SEED}")
    print(f"  {seconds:6.1f} s (CPU {cpu:.1f} s)   at most 20 s")
    print(f"  {peak:6.0f} MB peak           at most 300 MB")
    print(f"  {found:6.0f} findings")
    assert not found, "the flows made here have no mistakes"
    times = [_command() for _ in range(RUNS)]
    print(f"`ivr flow check flows/` as a command, {RUNS} runs")
    print(f"  {statistics.median(times) * 1000:6.0f} ms median, {max(times) * 1000:.0f} ms worst   at most 300 ms")
    print(f"  (children's peak {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB)")


def _command() -> float:
    begun = time.perf_counter()
    program = Path(sys.executable).with_name("ivr")
    subprocess.run([program, "flow", "check", "flows"], capture_output=True, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
