//! Entries: machines and the pools that have them.

rules! {
    UNKNOWN_REGION: "unknown-region", Error, silenceable: false,
        summary: "The region is one of the provider's.",
        why: "The catalog holds every region of AWS and Google Cloud that has a price list. A misspelt one would be found by Terraform, after the questions and the state's bucket.",
        action: "Take the name from the message.";
    UNKNOWN_MACHINE: "unknown-machine", Error, silenceable: false,
        summary: "Machine types are ones that the catalog knows.",
        why: "Of an unknown machine nobody can say whether the sizes fit, and the cloud refuses a misspelt one when the node group is made.",
        action: "`frazil catalog machines` lists those that the region has.";
    NO_MACHINE_PRICES: "no-machine-prices", Error, silenceable: false,
        summary: "Pools name their machines where the catalog has no prices to choose by.",
        why: "A pool without `machine` gets the cheapest that holds the sizes. Of a few regions the catalog has no price list (src/catalog/data/README.md names them).",
        action: "Say `machine` for each pool, or take a region that has prices.";
    POOL_MACHINES: "pool-machines", Error, silenceable: false,
        summary: "A pool has `machine` or `machines`, not both.",
        why: "`machine` is one type; `machines` are several to choose from by price. With both nobody could say which is meant.",
        action: "Keep `machines` for spot, or `machine` for one type.";
    POOL_RANGE: "pool-range", Error, silenceable: false,
        summary: "A pool's least number of nodes is not above its greatest.",
        why: "The cloud refuses such a node group, after the network has been made.",
        action: "Swap the two numbers.";
    POOL_COUNT: "pool-count", Error, silenceable: false,
        summary: "A pool has a fixed `count`, or `min` and `max`.",
        why: "`count` takes the pool out of the autoscaler's hands; `min` and `max` put it there.",
        action: "Keep `count`, or `min` and `max`.";
    SIZE_TOO_LARGE: "size-too-large", Error, silenceable: true,
        summary: "Each size fits on an empty node of its pool.",
        why: "A node gives pods less than its machine has: the kernel, the kubelet and daemon sets keep some (8 GiB of memory become about 6). A server that fits on no node waits until it times out, and the autoscaler makes no node for it, without a word to the person (2i2c-org/infrastructure#806, #2095, #4238).",
        action: "Make the size at most what the message says fits, or take a larger machine.";
    WORKER_TOO_LARGE: "worker-too-large", Error, silenceable: true,
        summary: "A Dask worker fits on an empty node of the dask pool.",
        why: "Spot pools have several machine types, and the smallest of them has to hold a worker too. A worker that fits nowhere stays pending, and its scheduler waits for it for ever and looks well (nebari-dev/nebari#1198).",
        action: "Make the workers at most what the message says fits, or take larger machines.";
    NO_GPU_MACHINE: "no-gpu-machine", Error, silenceable: true,
        summary: "Sizes with GPUs are in a region that sells machines with GPUs.",
        why: "Kubernetes offers whole NVIDIA GPUs as `nvidia.com/gpu`. In some regions no machine with one has a price.",
        action: "Take another region, or leave `gpu` out.";
    GPU_MACHINE: "gpu-machine", Error, silenceable: false,
        summary: "Machines of the gpu pool have NVIDIA GPUs.",
        why: "Sizes with `gpu` ask for `nvidia.com/gpu`. On a machine without one, or with a part of one, that is never granted and the server never starts, as on nodes that do not offer their GPU (nebari-dev/nebari#2350).",
        action: "Take a machine such as g4dn.xlarge or g2-standard-4; `frazil catalog machines` shows GPUs.";
    MACHINE_ARCH: "machine-arch", Error, silenceable: false,
        summary: "A pool's machines have the architecture that the pool says.",
        why: "The node's image is chosen by `arch`, and amd64 is the default. An amd64 image does not boot on a Graviton or Axion machine.",
        action: "Say `arch: arm64`, or take a machine of the other architecture.";
    MACHINE_SHAPES: "machine-shapes", Error, silenceable: true,
        summary: "The machines of one pool have one shape.",
        why: "The cluster autoscaler takes the first machine of a group for all of them (its AWS guide: \"instance types should have the same amount of RAM and number of CPU cores\"). With larger ones in the group it makes too many nodes, with smaller ones pods stay pending.",
        action: "Keep machines of equal cores and memory; `frazil explain pools` chooses such.";
    CORE_TOO_SMALL: "core-too-small", Error, silenceable: true,
        summary: "The core pool's machines hold what runs on them.",
        why: "Hub, proxies, gateway, DNS, autoscaler and storage drivers run on core nodes, and only there. A small EC2 machine may hold fewer pods than these are: a t3.micro has addresses for 4 (EKS, `eni-max-pods.txt` of awslabs/amazon-eks-ami). What does not fit stays pending, and the hub never comes up. Counted are the requests and pods of the charts with frazil's values (seen with `helm template`), 64 MiB for a pod that requests nothing, and what the catalog takes off for daemon sets.",
        action: "Leave `pools.core.machine` out, take a machine of 2 cores and 8 GiB, or raise `count`.";
    POOL_TOO_SMALL_FOR_EVENT: "pool-too-small-for-event", Warning, silenceable: true,
        summary: "The pool of the default size has a seat for everyone of the event.",
        why: "When a pool has all of its nodes, the next person waits for a server until it times out. Without `max`, the user pool gets as many nodes as the event's people need; the gpu pool gets 4, because nobody wants dozens of GPUs by surprise. A warning, for not everyone may work at once.",
        action: "Write the `max` of the message; the cloud's quota has to allow as many machines.";
    CORE_ON_SPOT: "core-on-spot", Error, silenceable: true,
        summary: "The core pool is not on spot machines.",
        why: "The core node carries the hub, the proxy and the autoscaler. When the cloud takes it back, everyone is cut off for minutes and new nodes come late (nebari-dev/nebari#140).",
        action: "Leave `spot` out of `pools.core`; one core node costs little.";
    IMAGE_REGISTRY: "image-registry", Warning, silenceable: true,
        summary: "On a cluster of somebody else, the image is in a registry that its nodes reach.",
        why: "On AWS and Google Cloud frazil makes a registry for the hub image. Elsewhere `image.name` says where it is; a name without a registry is one of Docker Hub's, where nobody has put this one, and no server or Dask worker could start. Nodes that were given the image by hand, as `kind load` does, need none.",
        action: "Say `image.name`, make the image with `frazil image build` and `frazil image push`; or name an image that is there, such as quay.io/pangeo/pangeo-notebook.";
    PEOPLE_ON_SPOT: "people-on-spot", Warning, silenceable: true,
        summary: "People's servers are not on spot machines.",
        why: "The cloud takes a spot machine back with two minutes' notice (Google: half a minute). Whoever works on it loses what is in memory. Dask workers bear that, notebooks do not.",
        action: "Leave `spot` out of the pool; keep it for `pools.dask`.";
}
