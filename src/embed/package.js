// What the package gives: the cluster without a view. The element is `lamplight/element`.

export { Cluster, EngineFault, protocols } from "./cluster.js";
