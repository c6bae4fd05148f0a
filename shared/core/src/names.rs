//! By what a cluster may know a person.

use std::fmt;

use crate::{
    holdings::{Binding, Subject, User},
    ids::{ObjectId, PersonId},
    op::Op,
    policy::Grant,
};

/// By what the bindings of a cluster may name a person. `Debug` hides the principal name.
///
/// Of a user who is gone only the object id is kept: the principal name may be somebody else's by
/// now.
#[derive(Clone, PartialEq, Eq)]
pub struct Names {
    /// The person: bindings of ours are named after them.
    pub person: PersonId,
    /// The Entra user's object id.
    pub id: Option<ObjectId>,
    /// The Entra user's principal name.
    pub upn: Option<String>,
}

impl Names {
    /// The names of a person's user, or of the user that was known last.
    pub fn of(person: &PersonId, user: Option<&User>, known: Option<&ObjectId>) -> Self {
        Self {
            person: person.clone(),
            id: user.map(|user| &user.id).or(known).cloned(),
            upn: user.map(|user| user.upn.clone()),
        }
    }

    /// Whether a subject is this person, in any spelling.
    pub fn is(&self, subject: &Subject) -> bool {
        let Subject::User(name) = subject else { return false };
        let names = self.id.as_ref().map(ObjectId::as_str).into_iter().chain(self.upn.as_deref());
        names.into_iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether a binding names the person, or was made for them under a name they no longer have.
    pub fn are_in(&self, binding: &Binding) -> bool {
        binding.subjects.iter().any(|subject| self.is(subject))
            || Grant::is_for(binding, &self.person)
    }
}

impl Names {
    /// What takes the person out of a binding: one that was made for them goes as a whole.
    pub fn out_of(&self, binding: &Binding) -> Vec<Op> {
        let holder = self.person.to_string();
        if Grant::is_for(binding, &self.person) {
            return vec![Op::DeleteBinding { binding: binding.clone(), holder }];
        }
        let named = binding.subjects.iter().filter(|subject| self.is(subject));
        let remove = |subject: &Subject| Op::RemoveSubject {
            binding: binding.clone(),
            subject: subject.clone(),
            holder: holder.clone(),
        };
        named.map(remove).collect()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("person", &self.person)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
