//! The CSDL (XML) of Microsoft Graph, read as it is written.

use anyhow::Context as _;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// What a schema declares.
#[derive(Debug, Default)]
pub struct Csdl {
    /// Entity and complex types.
    pub types: Vec<Type>,
    /// Enumerations.
    pub enums: Vec<Enum>,
    /// Bound actions and functions.
    pub operations: Vec<Operation>,
}

/// An entity or complex type.
#[derive(Debug)]
pub struct Type {
    /// With its namespace, `microsoft.graph.user`.
    pub name: String,
    /// The type it extends, with its namespace.
    pub base: Option<String>,
    /// It takes properties that it does not declare.
    pub open: bool,
    /// Its own properties.
    pub properties: Vec<Property>,
}

/// A property, navigation property or parameter.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its type, `Collection(microsoft.graph.group)`.
    pub kind: String,
    /// It may be null.
    pub nullable: bool,
    /// For navigation properties, whether what they lead to exists only there.
    pub navigation: Option<bool>,
}

/// An enumeration.
#[derive(Debug)]
pub struct Enum {
    /// With its namespace.
    pub name: String,
    /// Values may be combined.
    pub flags: bool,
    /// Its values.
    pub members: Vec<String>,
}

/// An action or function bound to a type.
#[derive(Debug)]
pub struct Operation {
    /// Without its namespace.
    pub name: String,
    /// It only reads.
    pub function: bool,
    /// The first is what it is bound to.
    pub parameters: Vec<Property>,
    /// What it answers.
    pub returns: Option<String>,
}

/// Reads `xml`.
///
/// # Errors
/// When it is no XML.
pub fn read(xml: &str) -> anyhow::Result<Csdl> {
    let mut csdl = Csdl::default();
    let mut reader = Reader::from_str(xml);
    let mut namespace = String::new();
    loop {
        match reader.read_event().context("reading the CSDL")? {
            Event::Start(tag) | Event::Empty(tag) => {
                if tag.local_name().as_ref() == b"Schema" {
                    namespace = attribute(&tag, "Namespace").unwrap_or_default();
                }
                csdl.open(&tag, &namespace);
            }
            Event::Eof => return Ok(csdl),
            _ => {}
        }
    }
}

impl Csdl {
    /// Elements come in document order, so each child belongs to the last parent.
    fn open(&mut self, tag: &BytesStart<'_>, namespace: &str) {
        let name = attribute(tag, "Name").unwrap_or_default();
        let full = || format!("{namespace}.{name}");
        let is = |name: &str, value: &str| attribute(tag, name).as_deref() == Some(value);
        match tag.local_name().as_ref() {
            b"EntityType" | b"ComplexType" => self.types.push(Type {
                name: full(),
                base: attribute(tag, "BaseType").map(|base| qualified(&base)),
                open: is("OpenType", "true"),
                properties: Vec::new(),
            }),
            b"EnumType" => {
                let flags = is("IsFlags", "true");
                self.enums.push(Enum { name: full(), flags, members: Vec::new() });
            }
            b"Member" => {
                if let Some(last) = self.enums.last_mut() {
                    last.members.push(name);
                }
            }
            kind @ (b"Property" | b"NavigationProperty") => {
                let contained =
                    (kind == b"NavigationProperty").then(|| is("ContainsTarget", "true"));
                if let Some(last) = self.types.last_mut() {
                    last.properties.push(property(tag, name, contained));
                }
            }
            kind @ (b"Action" | b"Function") => self.operations.push(Operation {
                name,
                function: kind == b"Function",
                parameters: Vec::new(),
                returns: None,
            }),
            b"Parameter" => {
                if let Some(last) = self.operations.last_mut() {
                    last.parameters.push(property(tag, name, None));
                }
            }
            b"ReturnType" => {
                if let Some(last) = self.operations.last_mut() {
                    last.returns = attribute(tag, "Type").map(|kind| qualified(&kind));
                }
            }
            _ => {}
        }
    }
}

fn property(tag: &BytesStart<'_>, name: String, navigation: Option<bool>) -> Property {
    Property {
        name,
        kind: qualified(&attribute(tag, "Type").unwrap_or_default()),
        nullable: attribute(tag, "Nullable").as_deref() != Some("false"),
        navigation,
    }
}

/// `Collection(graph.user)` with the alias `graph` resolved.
pub fn qualified(kind: &str) -> String {
    match kind.strip_prefix("Collection(").and_then(|kind| kind.strip_suffix(')')) {
        Some(item) => format!("Collection({})", qualified(item)),
        None if kind.starts_with("graph.") => format!("microsoft.{kind}"),
        None => kind.to_owned(),
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok().flatten()?;
    std::str::from_utf8(&attribute.value).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_operations_are_read_with_their_parts() {
        let csdl = read(
            r#"<Schema Namespace="microsoft.graph"><EnumType Name="e"><Member Name="a"/></EnumType>
            <EntityType Name="group" BaseType="graph.entity" OpenType="true">
            <Property Name="mail" Type="Edm.String" Nullable="false"/>
            <NavigationProperty Name="members" Type="Collection(graph.user)"/></EntityType>
            <Function Name="delta"><Parameter Name="b" Type="graph.group"/>
            <ReturnType Type="Edm.Boolean"/></Function></Schema>"#,
        )
        .unwrap();
        let group = &csdl.types[0];
        assert_eq!((group.name.as_str(), group.open), ("microsoft.graph.group", true));
        assert_eq!(group.base.as_deref(), Some("microsoft.graph.entity"));
        assert_eq!(group.properties[1].kind, "Collection(microsoft.graph.user)");
        assert_eq!(group.properties[1].navigation, Some(false));
        assert!(!group.properties[0].nullable && csdl.enums[0].members == ["a"]);
        assert!(csdl.operations[0].function && csdl.operations[0].returns.is_some());
    }
}
