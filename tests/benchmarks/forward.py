"""What tracing adds to a forward pass. Prints seconds of both, taking turns, as JSON.

python tests/benchmarks/forward.py 1024 60
"""

import json
import subprocess
import sys

from servers import ROOT

WORKER = """
import json, sys, time, torch
from core.attention.causal_attention import CausalAttentionWithBuffer
from core.attention.trace import trace
length, rounds = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(0)
model, x = CausalAttentionWithBuffer(3, 2, length, 0.0).eval(), torch.rand(1, length, 3)
def plain():
    with torch.no_grad():
        return model(x)
def traced():
    found = trace(model, x)
    assert not found.error
sides = {"plain": (plain, []), "traced": (traced, [])}
for number in range(rounds + 3):
    for name in list(sides) if number % 2 else list(sides)[::-1]:
        call, seconds = sides[name]
        start = time.perf_counter()
        call()
        if number >= 3:
            seconds.append(time.perf_counter() - start)
print(json.dumps({name: seconds for name, (_, seconds) in sides.items()}))
"""


def measure(length, rounds):
    """{"plain": seconds of each forward, "traced": the same} in a process of its own."""
    command = [sys.executable, "-c", WORKER, str(length), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
