//! The nodes of a cluster and the pods that every cluster runs on them.

use serde_json::{Value, json};

/// The scale set of every node pool; real ones have a number of their own.
const SCALE_SET: &str = "10000000";

/// A ready node, the `index`-th of its pool.
pub fn node(pool: &str, index: u64) -> Value {
    let name = format!("aks-{pool}-{SCALE_SET}-vmss{index:06}");
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                "kubernetes.azure.com/agentpool": pool, "kubernetes.io/role": "agent",
            },
        },
        "spec": {"providerID": format!("azure:///virtualMachines/{name}")},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {
                "kubeletVersion": "v1.36.0", "osImage": "Ubuntu 24.04 LTS",
                "kernelVersion": "6.8.0", "containerRuntimeVersion": "containerd://2.0.0",
                "operatingSystem": "linux", "architecture": "amd64",
            },
        },
    })
}

/// The pods of `kube-system`.
pub fn system_pods() -> Vec<Value> {
    const PODS: [(&str, usize); 8] = [
        ("azure-ip-masq-agent-7mplw", 1),
        ("cloud-node-manager-x2hfd", 1),
        ("coredns-754f947b4-2v75r", 1),
        ("coredns-754f947b4-tghwh", 1),
        ("coredns-autoscaler-6fcdb7d64-4wkvp", 1),
        ("konnectivity-agent-6ff887cffb-xkfmq", 1),
        ("kube-proxy-2nd5m", 1),
        ("metrics-server-7b97f9cd9-btxzz", 2),
    ];
    PODS.iter().map(|(name, containers)| system_pod(name, *containers)).collect()
}

fn system_pod(name: &str, containers: usize) -> Value {
    let containers: Vec<Value> = (0..containers)
        .map(|n| json!({"name": format!("c{n}"), "image": "mcr.microsoft.com"}))
        .collect();
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"containers": containers},
    });
    run(&mut pod, "2026-01-01T00:00:00Z");
    pod
}

/// Schedules a pod and starts its containers; there is no kubelet to take its time.
pub fn run(pod: &mut Value, now: &str) {
    let containers = pod["spec"]["containers"].as_array();
    let statuses: Vec<Value> = containers
        .into_iter()
        .flatten()
        .map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "",
                "ready": true, "started": true, "restartCount": 0,
                "state": {"running": {"startedAt": now}}, "lastState": {},
            })
        })
        .collect();
    pod["spec"]["nodeName"] = json!(format!("aks-nodepool1-{SCALE_SET}-vmss000000"));
    pod["status"] = json!({
        "phase": "Running", "startTime": now, "qosClass": "BestEffort",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
        "containerStatuses": statuses,
    });
}
