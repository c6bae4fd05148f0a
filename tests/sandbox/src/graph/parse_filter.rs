//! Reading a `$filter` expression: the subset of OData that the directory indexes.

use serde_json::Value;

use super::answer::Refused;
use super::filter::{Filter, Order};

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

/// Reads `text`.
///
/// # Errors
/// `BadRequest` for what is no expression.
pub fn parse(text: &str) -> Result<Filter, Refused> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    let filter = reader.or()?;
    if reader.at < reader.tokens.len() { Err(invalid(text)) } else { Ok(filter) }
}

fn invalid(text: &str) -> Refused {
    Refused::odata("BadRequest", format!("Invalid filter clause: Syntax error in '{text}'."))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut literal = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
                        Some('\'') => break,
                        Some(c) => literal.push(c),
                        None => return Err(invalid(text)),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            _ => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !" (),'".contains(*c)) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn or(&mut self) -> Result<Filter, Refused> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, Refused> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Filter, Refused> {
        if self.takes_word("not") {
            return Ok(Filter::Not(Box::new(self.not()?)));
        }
        if self.takes(&Token::Open) {
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Filter, Refused> {
        let name = self.word()?;
        if self.peek() == Some(&Token::Open) {
            return self.function(&name);
        }
        let operator = self.word()?.to_lowercase();
        match operator.as_str() {
            "eq" => Ok(Filter::Equal(name, self.value()?)),
            "ne" => Ok(Filter::Not(Box::new(Filter::Equal(name, self.value()?)))),
            "in" => {
                self.expect(&Token::Open)?;
                let mut values = vec![self.value()?];
                while self.takes(&Token::Comma) {
                    values.push(self.value()?);
                }
                self.expect(&Token::Close)?;
                Ok(Filter::In(name, values))
            }
            "lt" => Ok(Filter::Compare(Order::Less, name, self.value()?)),
            "le" => Ok(Filter::Compare(Order::AtMost, name, self.value()?)),
            "gt" => Ok(Filter::Compare(Order::More, name, self.value()?)),
            "ge" => Ok(Filter::Compare(Order::AtLeast, name, self.value()?)),
            _ => Err(invalid(&operator)),
        }
    }

    fn function(&mut self, name: &str) -> Result<Filter, Refused> {
        self.expect(&Token::Open)?;
        if let Some(list) = name.strip_suffix("/any") {
            // `c:c eq 'x'` or `t:t/id eq 'x'`: the variable's name does not matter.
            let variable = self.word()?;
            let list = match variable.split_once('/') {
                Some((_, below)) => format!("{list}/{below}"),
                None => list.to_owned(),
            };
            self.word().and_then(|op| if op == "eq" { Ok(()) } else { Err(invalid(&op)) })?;
            let value = self.value()?;
            self.expect(&Token::Close)?;
            return Ok(Filter::Any(list, value));
        }
        let property = self.word()?;
        self.expect(&Token::Comma)?;
        let Value::String(text) = self.value()? else { return Err(invalid(name)) };
        self.expect(&Token::Close)?;
        match name.to_lowercase().as_str() {
            "startswith" => Ok(Filter::StartsWith(property, text)),
            "endswith" => Ok(Filter::EndsWith(property, text)),
            _ => Err(invalid(name)),
        }
    }

    fn value(&mut self) -> Result<Value, Refused> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                // Dates and GUIDs stand without quotes.
                _ => Ok(Value::String(word)),
            },
            _ => Err(invalid("")),
        }
    }

    fn word(&mut self) -> Result<String, Refused> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(invalid("")),
        }
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Refused> {
        if self.takes(wanted) { Ok(()) } else { Err(invalid("")) }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn and_binds_tighter_than_or_and_quotes_double() {
        let filter = parse("displayName eq 'O''Neil' and accountEnabled eq true or id in ('a')");
        let name = Filter::Equal("displayName".to_owned(), json!("O'Neil"));
        let enabled = Filter::Equal("accountEnabled".to_owned(), json!(true));
        let id = Filter::In("id".to_owned(), vec![json!("a")]);
        let both = Filter::And(Box::new(name), Box::new(enabled));
        assert_eq!(filter.unwrap(), Filter::Or(Box::new(both), Box::new(id)));
    }

    #[test]
    fn lambdas_functions_and_parentheses_are_read() {
        let filter = parse("servicePrincipalNames/any(c:c eq 'x')").unwrap();
        assert_eq!(filter, Filter::Any("servicePrincipalNames".to_owned(), json!("x")));
        let filter = parse("targetResources/any(t:t/id eq 'x')").unwrap();
        assert_eq!(filter, Filter::Any("targetResources/id".to_owned(), json!("x")));
        let filter = parse("not(startsWith(displayName,'a')) and (id eq '')").unwrap();
        assert!(matches!(filter, Filter::And(..)));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "displayName", "displayName eq", "a eq 'x' b", "f(x)", "a eq 'x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
