//! Kubernetes clients for AKS clusters.
