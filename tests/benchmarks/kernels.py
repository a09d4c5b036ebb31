"""The alternative: one Jupyter kernel for each learner, who runs a cell for each change.

A kernel holds the two attention modules of core/attention/causal_attention.py and imports torch
and matplotlib. Its cell does what a click in the lab does with *Compare* off: the mask
held the other way and a new seed in turn, a forward pass, and two heatmaps as PNG, shown inline.
"""

import asyncio
import random
import subprocess
import time
from dataclasses import dataclass, field

from jupyter_client import AsyncKernelManager
from servers import ROOT, available, family, pss

AT_ONCE = 4  # kernels that start at the same time
KERNEL_MB = 260  # what a kernel may take, for the check of what fits
SPARE_MB = 4000  # stays free
TIMEOUT = 300

SETUP = (
    (ROOT / "core" / "attention" / "causal_attention.py").read_text()
    + """
%matplotlib inline
import matplotlib.pyplot as plt
buffer, seed = True, SEED
x = torch.tensor([[[0.43, 0.15, 0.89], [0.55, 0.87, 0.66], [0.57, 0.85, 0.64],
                   [0.22, 0.58, 0.33], [0.77, 0.25, 0.10], [0.05, 0.80, 0.55]]])
tokens = ["Your", "journey", "starts", "with", "one", "step"]
"""
)
CHANGE = """
TURN
torch.manual_seed(seed)
variant = CausalAttentionWithBuffer if buffer else CausalAttentionWithoutBuffers
model = variant(3, 2, 6, 0.0)
with torch.no_grad():
    queries, keys = model.W_query(x), model.W_key(x)
    scores = (queries @ keys.transpose(1, 2)).masked_fill(model.mask.bool(), -torch.inf)
    weights = torch.softmax(scores / keys.shape[-1] ** 0.5, dim=-1)
    model(x)
figure, axes = plt.subplots(1, 2, figsize=(9, 4))
for axis, values, title in zip(axes, (scores[0], weights[0]), ("Masked scores", "Weights")):
    picture = axis.imshow(values)
    axis.set_xticks(range(6), tokens, rotation=45)
    axis.set_yticks(range(6), tokens)
    for i in range(6):
        for j in range(6):
            axis.text(j, i, f"{values[i, j]:.2f}", ha="center", va="center")
    axis.set_title(title)
    figure.colorbar(picture)
plt.show()
"""
TURNS = ("buffer = not buffer", "seed += 1")


@dataclass
class Figures:
    """Seconds of each change, MB (PSS) of all kernels together, and what went wrong."""

    learners: int
    seconds: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    memory: float = 0


def that_fit(wanted):
    """How many kernels the machine has memory for, at most as many as wanted."""
    return max(0, min(wanted, int((available() - SPARE_MB) / KERNEL_MB)))


class Learner:
    """A kernel and who works in it."""

    def __init__(self, number):
        self.number, self.turn = number, 0
        self.manager = AsyncKernelManager(kernel_name="python3")

    async def start(self):
        await self.manager.start_kernel(cwd=str(ROOT), stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=TIMEOUT)
        await self.run(SETUP.replace("SEED", str(self.number)), pictures=0)
        await self.change()  # the first picture loads fonts

    async def change(self):
        """Seconds of one change, from sending the cell to its picture and reply."""
        self.turn += 1
        return await self.run(CHANGE.replace("TURN", TURNS[self.turn % 2]), pictures=1)

    async def run(self, code, pictures):
        shown = []

        def take(message):
            if message["msg_type"] == "display_data":
                shown.append("image/png" in message["content"]["data"])

        start = time.perf_counter()
        reply = await self.client.execute_interactive(
            code, timeout=TIMEOUT, output_hook=take, store_history=False, allow_stdin=False
        )
        seconds = time.perf_counter() - start
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"the cell failed: {reply['content'].get('evalue')}")
        if sum(shown) != pictures:
            raise RuntimeError(f"{sum(shown)} pictures instead of {pictures}")
        return seconds

    def pid(self):
        return self.manager.provisioner.pid

    async def stop(self):
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)


async def carry_out(learners, seconds, pace):
    figures, doors = Figures(learners), asyncio.Semaphore(AT_ONCE)
    all_of_them = [Learner(number) for number in range(learners)]

    async def enter(learner):
        async with doors:
            await learner.start()

    async def live(learner, end):
        await asyncio.sleep(pace * random.random())
        while time.monotonic() < end:
            began = time.monotonic()
            figures.seconds.append(await learner.change())
            pause = began + pace * random.uniform(0.75, 1.25) - time.monotonic()
            await asyncio.sleep(max(0, min(pause, end - time.monotonic())))

    try:
        await asyncio.gather(*(enter(learner) for learner in all_of_them))
        end = time.monotonic() + seconds
        lives = await asyncio.gather(
            *(live(learner, end) for learner in all_of_them), return_exceptions=True
        )
        figures.errors = [f"{type(e).__name__}: {e}" for e in lives if e is not None]
        pids = [pid for learner in all_of_them for pid in family(learner.pid())]
        figures.memory = sum(pss(pid) for pid in pids)
    finally:
        await asyncio.gather(
            *(learner.stop() for learner in all_of_them if learner.manager.has_kernel)
        )
    return figures


def measure(learners, seconds, pace):
    """Figures of that many learners, each with a kernel, each acting about every `pace` seconds."""
    return asyncio.run(carry_out(learners, seconds, pace))
