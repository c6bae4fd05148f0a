//! Which application permissions an operation needs (`graph-contracts.md` sections 5, 6 and 15).

use super::answer::Refused;
use super::call::Call;
use crate::rights::{Allowed, Rights};

/// Permissions that contain another one.
const CONTAINED_IN: &[(&str, &[&str])] = &[
    ("User.Read.All", &["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    (
        "User.ReadBasic.All",
        &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    ),
    ("User.ReadWrite.All", &["Directory.ReadWrite.All"]),
    ("User.EnableDisableAccount.All", &["User.ReadWrite.All", "Directory.ReadWrite.All"]),
    ("User-PasswordProfile.ReadWrite.All", &["User.ReadWrite.All", "Directory.ReadWrite.All"]),
    ("User.RevokeSessions.All", &["User.ReadWrite.All", "Directory.ReadWrite.All"]),
    ("User.DeleteRestore.All", &["User.ReadWrite.All"]),
    ("UserAuthMethod-TAP.ReadWrite.All", &["UserAuthenticationMethod.ReadWrite.All"]),
    (
        "GroupMember.Read.All",
        &[
            "GroupMember.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
    ),
    ("GroupMember.ReadWrite.All", &["Group.ReadWrite.All", "Directory.ReadWrite.All"]),
    ("Group.Create", &["Group.ReadWrite.All", "Directory.ReadWrite.All"]),
    (
        "Application.Read.All",
        &["Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    ),
    ("Directory.Read.All", &["Directory.ReadWrite.All"]),
    (
        "PrivilegedAssignmentSchedule.Read.AzureADGroup",
        &["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"],
    ),
    (
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
        &["PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"],
    ),
];

/// Reading users.
pub const READ_USERS: &[&[&str]] = &[&["User.Read.All"]];
/// Reading groups and their members.
pub const READ_GROUPS: &[&[&str]] = &[&["GroupMember.Read.All"]];
/// Reading which groups a user is in.
pub const READ_MEMBERSHIPS: &[&[&str]] =
    &[&["Directory.Read.All"], &["User.Read.All", "GroupMember.Read.All"]];
/// Reading objects of any type by id.
pub const READ_OBJECTS: &[&[&str]] = &[
    &["Directory.Read.All"],
    &["User.Read.All", "GroupMember.Read.All"],
    &["User.Read.All"],
    &["GroupMember.Read.All"],
];
/// Reading service principals.
pub const READ_APPS: &[&[&str]] = &[&["Application.Read.All"]];

impl Call<'_> {
    /// Refuses the call unless the caller holds all permissions of one of `alternatives`. Users may
    /// read, as every member of a tenant may; only administrators write.
    pub fn needs(&self, alternatives: &[&[&str]]) -> Result<(), Refused> {
        let reads = self.method == "GET" || self.segments.last().is_some_and(|s| reads(s));
        if !reads && !self.caller.is_app && !self.administrator {
            return Err(Refused::denied());
        }
        match self.world.rights_of(self.caller) {
            Allowed::Everything => Ok(()),
            Allowed::Only(rights) => {
                let enough = alternatives.iter().any(|all| all.iter().all(|p| holds(&rights, p)));
                if enough { Ok(()) } else { Err(Refused::denied()) }
            }
        }
    }

    /// Whether the caller holds this very permission: none that contains it will do.
    pub fn holds_itself(&self, permission: &str) -> bool {
        match self.world.rights_of(self.caller) {
            Allowed::Everything => true,
            Allowed::Only(rights) => rights.graph.contains(permission),
        }
    }

    /// Whether Latchkey's table of rights restricts the caller, who then holds no directory role.
    pub fn is_restricted(&self) -> bool {
        self.world.rights_of(self.caller) != Allowed::Everything
    }
}

fn reads(last: &str) -> bool {
    ["getByIds", "getMemberGroups", "checkMemberGroups"].contains(&last)
}

fn holds(rights: &Rights, permission: &str) -> bool {
    let has = |name: &str| rights.graph.contains(name);
    let containing = CONTAINED_IN.iter().filter(|(name, _)| *name == permission);
    has(permission) || containing.flat_map(|(_, wider)| *wider).any(|wider| has(wider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_permission_contains_a_narrower_one_and_not_the_reverse() {
        let only = |name: &str| Rights { graph: [name.to_owned()].into(), ..Rights::default() };
        assert!(holds(&only("User.ReadWrite.All"), "User.Read.All"));
        assert!(!holds(&only("User.Read.All"), "User.ReadWrite.All"));
        assert!(!holds(&only("GroupMember.ReadWrite.All"), "Group.ReadWrite.All"));
        assert!(!holds(&Rights::default(), "User.Read.All"));
    }
}
