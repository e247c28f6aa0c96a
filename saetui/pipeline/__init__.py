"""From a corpus to a bundle: the order of the steps, what is skipped, where to go on."""

import os

# Threads of torch wait for one another in a loop that burns the processor. Beside other work on
# the same machine that costs far more than it saves: a training took 40 times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
