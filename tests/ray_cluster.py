"""A Ray cluster on this machine, run by itself: a head without processors and two workers with one.

Prints its address; a line on standard input kills the second worker, its end ends the cluster.
"""

import sys

from ray.cluster_utils import Cluster

_STORE = 100 << 20


def main() -> None:
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": _STORE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    workers = [cluster.add_node(num_cpus=1, object_store_memory=_STORE) for _ in range(2)]
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(workers.pop(), allow_graceful=False)
        print("killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
