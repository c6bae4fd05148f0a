//! What a function may touch. Infrastructure is generated from it, the sandbox enforces it.

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A Microsoft Graph application permission, such as `User.Read.All`.
    Graph(&'static str),
    /// Actions (`read`, `write`, `delete`, `…/action`) on an ARM resource type.
    Arm(&'static str, &'static [&'static str]),
    /// Verbs on a Kubernetes resource.
    Kube(&'static str, &'static [&'static str]),
    /// May send to a queue or topic.
    Send(&'static str),
    /// May receive the dead letters of a queue, or of a topic's subscriptions. Azure's role
    /// *Service Bus Data Receiver* knows no narrower scope than the whole queue or topic.
    DeadLetters(&'static str),
}
