//! Path templates of OpenAPI documents.

/// `/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}`, taken apart.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    /// Place of the one segment that stands for any number of them.
    many: Option<usize>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
}

/// Parameters that stand for any number of segments: paths of resources and messaging entities.
const MANY: [&str; 3] = ["scope", "parentResourcePath", "entityPath"];

impl Template {
    /// Takes `text` apart.
    pub fn new(text: &str) -> Template {
        let segments: Vec<Segment> =
            text.split('/').filter(|s| !s.is_empty()).map(segment).collect();
        let many = segments.iter().position(|segment| match segment {
            Segment::Parameter(name) => MANY.contains(&name.as_str()),
            Segment::Literal(_) => false,
        });
        Template { text: text.to_owned(), segments, many }
    }

    /// As the document writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many segments are literal: of two templates that fit, the one with more is meant.
    pub fn literals(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count()
    }

    /// The values of its parameters in `path`; `None` when the path is not of this template. Those
    /// that stand for many segments are left out: they are paths and never ill-formed.
    pub fn values<'t, 'p>(
        &'t self,
        path: &[&'p str],
        any_case: bool,
    ) -> Option<Vec<(&'t str, &'p str)>> {
        let mut values = Vec::new();
        let mut fits = |segment: &'t Segment, part: &'p str| match segment {
            Segment::Literal(text) if any_case => text.eq_ignore_ascii_case(part),
            Segment::Literal(text) => text == part,
            Segment::Parameter(name) => {
                values.push((name.as_str(), part));
                true
            }
        };
        let (before, after) = match self.many {
            Some(many) => (&self.segments[..many], &self.segments[many + 1..]),
            None if self.segments.len() == path.len() => (&self.segments[..], &[][..]),
            None => return None,
        };
        let rest = path.len().checked_sub(before.len() + after.len())?;
        let end = before.len() + rest;
        let all = after.iter().zip(&path[end..]).chain(before.iter().zip(path));
        all.into_iter().all(|(segment, part)| fits(segment, part)).then_some(values)
    }
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => Segment::Parameter(name.to_owned()),
        None => Segment::Literal(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_any_number_of_segments() {
        let template = Template::new("/{scope}/providers/X/roles/{name}");
        let values = |path: &str| {
            let path: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
            template.values(&path, true).map(|values| format!("{values:?}"))
        };
        let named = Some("[(\"name\", \"a\")]".to_owned());
        assert_eq!(values("/providers/X/roles/a"), named);
        assert_eq!(values("/subscriptions/s/resourceGroups/g/PROVIDERS/x/roles/a"), named);
        assert_eq!(values("/subscriptions/s/providers/X/roles"), None);
        assert_eq!(template.literals(), 3);
    }
}
