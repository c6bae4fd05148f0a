//! One write to the world, printable before it is done.
mod gate;
mod kind;
mod parts;
mod text;
pub use gate::Gate;
pub use parts::{GiveBack, Integration, Membership, NewUser};
use serde::{Deserialize, Serialize};

use crate::holdings::{Binding, PrincipalType, RoleRef, Subject};
use crate::ids::{ClusterName, GroupName, NamespaceName, ObjectId, PersonId, Reference, TeamName};

/// One write. Its `Display` (dry run, log line, evidence, snapshot) names people by person id only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Op {
    /// Create a security group.
    CreateGroup {
        /// The team it is for.
        team: TeamName,
        /// Its display name.
        group: GroupName,
        /// Whether only privileged administrators may change it.
        role_assignable: bool,
    },
    /// Delete a group of ours (it can be restored for 30 days).
    DeleteGroup {
        /// The team it was for.
        team: TeamName,
        /// The group.
        group: ObjectId,
        /// Its display name.
        name: GroupName,
    },
    /// Delete the Entra user (it can be restored for 30 days).
    DeleteUser {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
        /// Groups that lose their owner, to be told.
        owned: Vec<GroupName>,
    },
    /// Create an Entra user.
    CreateUser {
        /// Whose.
        person: PersonId,
        /// Everything Graph needs.
        user: NewUser,
    },
    /// Bring a soft-deleted user back.
    RestoreUser {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Let the account sign in (again).
    EnableSignIn {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Stop the account from signing in.
    DisableSignIn {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Void every refresh token issued so far.
    EndSessions {
        /// Whose.
        person: PersonId,
        /// The user.
        user: ObjectId,
    },
    /// Make the user a member.
    JoinGroup {
        /// Who.
        person: PersonId,
        /// The user.
        user: ObjectId,
        /// The group's name.
        name: GroupName,
        /// The group.
        group: ObjectId,
    },
    /// End the user's membership.
    LeaveGroup {
        /// Who.
        person: PersonId,
        /// The user.
        user: ObjectId,
        /// The group's name.
        name: GroupName,
        /// The group.
        group: ObjectId,
    },
    /// End the user's ownership of a group.
    RemoveOwner {
        /// Whose and of which group.
        membership: Membership,
    },
    /// End the membership of somebody or something that is no person of ours.
    EvictMember {
        /// The team.
        team: TeamName,
        /// Its group.
        group: ObjectId,
        /// The group's name.
        name: GroupName,
        /// Who or what.
        member: ObjectId,
        /// What that is.
        kind: crate::access::WhoKind,
    },
    /// Make the user eligible for membership (PIM for Groups).
    MakeEligible {
        /// Who and of which group.
        membership: Membership,
    },
    /// End the user's eligibility.
    EndEligibility {
        /// Who and of which group.
        membership: Membership,
    },
    /// Make the user a member for a time (PIM for Groups).
    GrantForATime {
        /// Who and of which group.
        membership: Membership,
        /// Until when.
        until: crate::Timestamp,
        /// What justifies it.
        reference: Reference,
    },
    /// End a membership for a time.
    EndGrant {
        /// Who and of which group.
        membership: Membership,
    },
    /// Give an Azure role.
    AssignRole {
        /// The role.
        role: crate::azure_role::AzureRole,
        /// The full scope.
        scope: String,
        /// Cluster, or cluster and namespace, for people to read.
        place: String,
        /// To whom.
        principal: ObjectId,
        /// What that is.
        principal_type: PrincipalType,
        /// Group name or person id, for people to read.
        holder: String,
        /// Free text kept with the assignment.
        description: String,
    },
    /// Take an Azure role away.
    DeleteAssignment {
        /// The assignment's ARM id.
        id: String,
        /// Role name, or the definition's id when it is none of ours.
        role: String,
        /// Where.
        scope: String,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Create a namespace.
    CreateNamespace {
        /// Where.
        cluster: ClusterName,
        /// Which.
        namespace: NamespaceName,
    },
    /// Write a Role of ours.
    PutRole {
        /// Where.
        cluster: ClusterName,
        /// Where.
        namespace: NamespaceName,
        /// The Role's name.
        name: String,
        /// Its rules.
        rules: Vec<crate::policy::Rule>,
    },
    /// Bind a role to a group.
    BindRole {
        /// Where.
        cluster: ClusterName,
        /// Where.
        namespace: NamespaceName,
        /// The binding's name.
        name: String,
        /// What it gives.
        role: RoleRef,
        /// To whom.
        group: ObjectId,
        /// The group's name, for people to read.
        holder: GroupName,
    },
    /// Bind a ClusterRole at the whole cluster.
    BindClusterRole {
        /// Where.
        cluster: ClusterName,
        /// The binding's name.
        name: String,
        /// The ClusterRole.
        role: String,
        /// To whom.
        subject: Subject,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Delete a namespace with all that is in it.
    DeleteNamespace {
        /// Where.
        cluster: ClusterName,
        /// Which.
        namespace: NamespaceName,
        /// The object's uid: another namespace of that name is not meant.
        uid: String,
    },
    /// Integrate a cluster with Entra, or move it from the legacy integration.
    IntegrateEntra {
        /// The cluster.
        cluster: ClusterName,
        /// The integration so far.
        from: Integration,
        /// Groups whose members are admins.
        admin_groups: Vec<ObjectId>,
        /// Whether Azure role assignments authorize inside the cluster.
        azure_rbac: bool,
        /// The cluster as read; the write is guarded by it. None where the service gave none.
        etag: Option<String>,
    },
    /// Switch local accounts off.
    DisableLocalAccounts {
        /// The cluster.
        cluster: ClusterName,
        /// The cluster as read; the write is guarded by it.
        etag: Option<String>,
    },
    /// Rotate the cluster's certificates: every client certificate issued so far is void.
    RotateCertificates {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Create or change the Conditional Access policy that asks for a compliant device.
    RequireCompliantDevice {
        /// The cluster.
        cluster: ClusterName,
        /// The policy to change; none to create it.
        id: Option<ObjectId>,
        /// Its display name.
        name: String,
        /// Groups it applies to.
        groups: Vec<ObjectId>,
        /// The break-glass group, excluded.
        except_group: Option<ObjectId>,
        /// Break-glass principals, excluded.
        except: Vec<ObjectId>,
        /// Whether it bites, or only reports.
        enforced: bool,
    },
    /// Delete a binding that is ours.
    DeleteBinding {
        /// As observed: the delete is guarded by its uid and version.
        binding: Binding,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Take a binding that somebody else made, and that gives what the policy gives, for ours.
    AdoptBinding {
        /// The binding as observed; the write is guarded by its uid and version.
        binding: Binding,
        /// Group name or person id, for people to read.
        holder: String,
    },
    /// Change what refuses leavers' writes in a cluster.
    Gate {
        /// Where.
        cluster: ClusterName,
        /// What.
        change: Gate,
    },
    /// Give back what was taken from somebody whose end was taken back.
    GiveBack(GiveBack),
    /// Take one subject out of a binding.
    RemoveSubject {
        /// The binding as observed; the write is guarded by its version.
        binding: Binding,
        /// Whom to take out.
        subject: Subject,
        /// Person id, for people to read.
        holder: String,
    },
}
