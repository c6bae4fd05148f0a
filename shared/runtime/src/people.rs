//! A person as the ledger knows them, and what names them in Azure and in clusters.

mod naming;

use jiff::SignedDuration;
use latchkey_azure::graph::Reach;
use latchkey_core::{
    CaseId, Names, ObjectId, PersonId, Timestamp,
    case::{PersonRecord, person_stream},
    drift::{Past, Story},
    fact::Fact,
    holdings::{Group, User},
    policy::Matching,
    state::{PersonState, Standing},
};

pub use naming::{
    assignments, assignments_reaching, bindings, bindings_where, own_cluster_bindings, unseen_lines,
};

use crate::{
    cx::Cx,
    error::StepError,
    feeds,
    journal::{append_if, read},
};

/// How long a replica of the directory may be behind.
const REPLICAS: SignedDuration = SignedDuration::from_mins(10);

/// A person's stream, read.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// Who.
    pub person: PersonId,
    /// Every fact, in the order of recording. Their number is the person's epoch.
    pub facts: Vec<Fact>,
    /// The Entra user found last.
    pub link: Option<ObjectId>,
    /// Cases about the person, oldest first.
    pub cases: Vec<CaseId>,
    /// Whether the mass-leaver brake holds this person's case.
    pub held: bool,
    /// Whether the brake decided about the end that was recorded last.
    decided: bool,
    /// Whether sign-in was last seen open, or last shut by us, and when; none when neither is known.
    pub sign_in: Option<(bool, Timestamp)>,
    /// Until when an entry may stand that refuses their writes.
    pub cut: Option<Timestamp>,
    /// What was found of theirs that the policy does not give.
    pub drift: Story,
}

impl PersonView {
    /// Reads the stream.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn read(cx: &Cx, person: &PersonId) -> Result<Self, StepError> {
        let records = read::<PersonRecord>(cx, &person_stream(person)).await?;
        let mut view = Self {
            person: person.clone(),
            facts: Vec::new(),
            link: None,
            cases: Vec::new(),
            held: false,
            decided: false,
            sign_in: None,
            cut: None,
            drift: Story::of(&records),
        };
        for record in records {
            match record {
                PersonRecord::Fact(fact) => {
                    // What may bring a person back makes an old hold moot: the next end is
                    // counted anew.
                    view.held &= !fact.kind.may_reinstate();
                    view.decided &= !fact.kind.may_end();
                    view.facts.push(fact);
                }
                PersonRecord::Linked { user } => view.link = Some(user),
                PersonRecord::Case { case_id } => view.cases.push(case_id),
                PersonRecord::Cut { until } => view.cut = view.cut.max(Some(until)),
                PersonRecord::SignIn { open, at } => view.sign_in = Some((open, at)),
                PersonRecord::Awaits { .. }
                | PersonRecord::AdminCredential { .. }
                | PersonRecord::Drift { .. }
                | PersonRecord::DriftBy { .. }
                | PersonRecord::DriftOver { .. } => {}
                PersonRecord::Held { .. } => (view.held, view.decided) = (true, true),
                PersonRecord::Released { .. } => (view.held, view.decided) = (false, true),
            }
        }
        Ok(view)
    }

    /// The end recorded last, when it was dated ahead and the brake has not counted it: whatever
    /// holds at once is counted as it is recorded.
    pub fn uncounted_end(&self) -> Option<&Fact> {
        let last = self.facts.iter().rev().find(|fact| fact.kind.may_end())?;
        (!self.decided && last.effective > last.recorded).then_some(last)
    }

    /// What was before, for the planner.
    pub fn past(&self) -> Past<'_> {
        let open = self.sign_in.is_some_and(|(open, _)| open);
        Past { facts: &self.facts, story: Some(&self.drift), open, cut: self.cut }
    }

    /// Notes that sign-in is open, as it should be. What is seen soon after we shut it is not
    /// believed: a replica may not know of that yet.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn note_open(&self, cx: &Cx) -> Result<(), StepError> {
        let now = cx.now();
        let news = match self.sign_in {
            None => true,
            Some((open, at)) => !open && now.duration_since(at) > REPLICAS,
        };
        if news {
            note_sign_in(cx, &self.person, true).await?;
        }
        Ok(())
    }

    /// Whether entries that refuse the person's writes matter: to somebody who has left, and to
    /// whoever was cut off of late.
    pub fn may_be_cut(&self, standing: Standing, now: Timestamp) -> bool {
        standing == Standing::Left || self.cut.is_some_and(|until| until > now)
    }

    /// Notes that the person's writes are about to be refused until then, unless that is known.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn note_cut(cx: &Cx, person: &PersonId, until: Timestamp) -> Result<(), StepError> {
        let known = |record: &PersonRecord| matches!(record, PersonRecord::Cut { until: known } if *known >= until);
        append_if(cx, &person_stream(person), |seen: &[PersonRecord]| {
            (!seen.iter().any(known)).then_some(PersonRecord::Cut { until })
        })
        .await?;
        Ok(())
    }

    /// What the facts say at an instant.
    pub fn state(&self, now: Timestamp) -> PersonState {
        PersonState::of(&self.person, &self.facts, now)
    }

    /// The UPN that HR gave last.
    fn upn(&self) -> Option<&str> {
        let facts = self.facts.iter().filter(|f| f.attributes.user_principal_name.is_some());
        facts
            .max_by_key(|f| (f.revision, f.effective))
            .and_then(|f| f.attributes.user_principal_name.as_deref())
    }

    /// The person's Entra user: by the link if it still holds, else by the policy's way of
    /// matching. A user that carries somebody else's employee id is never taken.
    ///
    /// # Errors
    /// Whatever Graph or the ledger answers.
    pub async fn user(&self, cx: &Cx) -> Result<Option<User>, StepError> {
        if let Some(link) = &self.link
            && let Some(user) = cx.graph().user(link).await?
            && self.is_theirs(&user)
        {
            return Ok(Some(user));
        }
        let found = self.look_up(cx).await?;
        if let Some(user) = &found {
            self.remember(cx, &user.id).await?;
        }
        Ok(found)
    }

    /// The user and the groups they are a direct member of: one request once the link is known.
    ///
    /// # Errors
    /// As [`PersonView::user`].
    pub async fn user_with_groups(&self, cx: &Cx) -> Result<Option<(User, Vec<Group>)>, StepError> {
        if let Some(link) = &self.link
            && let Some((user, groups)) = cx.graph().user_with_groups(link).await?
            && self.is_theirs(&user)
        {
            return Ok(Some((user, groups)));
        }
        let Some(user) = self.look_up(cx).await? else { return Ok(None) };
        self.remember(cx, &user.id).await?;
        Ok(cx.graph().user_with_groups(&user.id).await?)
    }

    /// The user and every group that they reach: one request once the link is known.
    ///
    /// # Errors
    /// As [`PersonView::user`].
    pub async fn user_with_reach(&self, cx: &Cx) -> Result<Option<(User, Reach)>, StepError> {
        if let Some(link) = &self.link
            && let Some((user, reach)) = cx.graph().user_with_reach(link).await?
            && self.is_theirs(&user)
        {
            return Ok(Some((user, reach)));
        }
        let Some(user) = self.look_up(cx).await? else { return Ok(None) };
        self.remember(cx, &user.id).await?;
        Ok(cx.graph().user_with_reach(&user.id).await?)
    }

    async fn look_up(&self, cx: &Cx) -> Result<Option<User>, StepError> {
        if cx.policy().people.matching == Matching::EmployeeId {
            let found = cx.graph().user_by_employee_id(self.person.as_str()).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some(upn) = self.upn() else { return Ok(None) };
        let found = cx.graph().user_by_upn(upn).await?;
        Ok(found.filter(|user| self.is_theirs(user)))
    }

    /// Whether the user carries no other person's id.
    pub fn is_theirs(&self, user: &User) -> bool {
        user.employee_id.as_deref().is_none_or(|id| id == self.person.as_str())
    }

    /// The id of the person's Entra user. A known link is enough, even of a deleted user: roles and
    /// bindings outlive the user.
    ///
    /// # Errors
    /// As [`PersonView::user`].
    pub async fn user_id(&self, cx: &Cx) -> Result<Option<ObjectId>, StepError> {
        match &self.link {
            Some(link) => Ok(Some(link.clone())),
            None => Ok(self.user(cx).await?.map(|user| user.id)),
        }
    }

    /// By what clusters may know the person, whose user was found or not.
    pub fn names(&self, user: Option<&User>) -> Names {
        Names::of(&self.person, user, self.link.as_ref())
    }

    /// Notes the Entra user, so that the next look needs no search and whoever meets the user knows
    /// the person.
    ///
    /// # Errors
    /// Whatever the ledger answers.
    pub async fn remember(&self, cx: &Cx, user: &ObjectId) -> Result<(), StepError> {
        if self.link.as_ref() == Some(user) {
            return Ok(());
        }
        // The index first: a link that is kept is never written again.
        feeds::link(cx, user, &self.person).await?;
        let record = PersonRecord::Linked { user: user.clone() };
        cx.ledger().append_always(&person_stream(&self.person), cx.now(), &record).await?;
        Ok(())
    }
}

/// Notes that sign-in was seen open, or is about to be shut.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn note_sign_in(cx: &Cx, person: &PersonId, open: bool) -> Result<(), StepError> {
    let record = PersonRecord::SignIn { open, at: cx.now() };
    cx.ledger().append_always(&person_stream(person), cx.now(), &record).await?;
    Ok(())
}

/// The person whom a user was found to be; or whose id it carries, when facts of that person are
/// known and no user of theirs is yet.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn person_of(
    cx: &Cx,
    user: &ObjectId,
    employee_id: Option<&str>,
) -> Result<Option<PersonId>, StepError> {
    let known = feeds::linked(cx, user).await?;
    for person in known.iter().rev() {
        if PersonView::read(cx, person).await?.link.as_ref() == Some(user) {
            return Ok(Some(person.clone()));
        }
    }
    if !known.is_empty() {
        return Ok(None); // it was somebody's who has another user now
    }
    let by_id = cx.policy().people.matching == Matching::EmployeeId;
    let named = employee_id.filter(|_| by_id).and_then(|id| PersonId::new(id).ok());
    let Some(person) = named else { return Ok(None) };
    let view = PersonView::read(cx, &person).await?;
    Ok((!view.facts.is_empty() && view.link.is_none()).then_some(person))
}
