//! A stateful pretend Entra tenant, Azure subscription and AKS clusters behind the real wire protocols.
