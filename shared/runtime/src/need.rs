//! What a function may touch. Infrastructure is generated from it, the sandbox enforces it.

use std::fmt;

use latchkey_core::Service;

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

impl Need {
    /// Whose right it is.
    pub fn service(&self) -> Service {
        match self {
            Self::Graph(_) => Service::Graph,
            Self::Arm(..) => Service::Arm,
            Self::Kube(..) => Service::Kubernetes,
            Self::Send(_) | Self::DeadLetters(_) => Service::ServiceBus,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(permission) => f.write_str(permission),
            Self::Arm(kind, actions) => {
                let actions: Vec<_> =
                    actions.iter().map(|action| format!("{kind}/{action}")).collect();
                f.write_str(&actions.join(", "))
            }
            Self::Kube(resource, verbs) => write!(f, "{} {resource}", verbs.join("/")),
            Self::Send(entity) => write!(f, "to send to {entity}"),
            Self::DeadLetters(entity) => write!(f, "to receive dead letters of {entity}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_told_in_its_service_s_own_words() {
        let told = [
            Need::Graph("User.Read.All"),
            Need::Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
            Need::Kube("rolebindings", &["get", "create"]),
            Need::Send("steps"),
            Need::DeadLetters("people"),
        ]
        .map(|need| format!("{}: {need}", need.service()));
        insta::assert_snapshot!(told.join("\n"), @r"
        Graph: User.Read.All
        ARM: Microsoft.Authorization/roleAssignments/read, Microsoft.Authorization/roleAssignments/delete
        Kubernetes: get/create rolebindings
        Service Bus: to send to steps
        Service Bus: to receive dead letters of people
        ");
    }
}
