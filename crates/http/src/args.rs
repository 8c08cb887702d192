//! The names and values of a call, from its query or its form: strict, and each name once.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use percent_encoding::percent_decode_str;

use crate::Problem;

/// The longest query or form, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// Names and values in the order given; each is taken out once.
#[derive(Debug, Default)]
pub(crate) struct Args(Vec<(String, String)>);

impl Args {
    /// Reads `a=1&b=2` as HTML forms write it.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut args = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if args.0.iter().any(|(other, _)| *other == name) {
                return Err(Problem::parameter(&shown(&name), "given more than once", "one value"));
            }
            args.0.push((name, value));
        }
        Ok(args)
    }

    /// Takes out the value of `name`, if it was given.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.remove(index).1)
    }

    /// Gives `name` a value, in place of the one it has.
    pub(crate) fn put(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, given)) => *given = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Gives `name` a value that the path has said; the query may not say another.
    pub(crate) fn state(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match self.0.iter().find(|(other, _)| other == name) {
            Some((_, given)) if given != value => {
                Err(Problem::parameter(name, "not what the path says", value))
            }
            Some(_) => Ok(()),
            None => {
                self.0.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
        }
    }

    /// Takes out the stream's id.
    pub(crate) fn take_id(&mut self) -> Result<String, Problem> {
        self.take("id")
            .ok_or_else(|| Problem::parameter("id", "missing", "an id from /create_stream"))
    }

    /// What is left.
    pub(crate) fn rest(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }

    /// Refuses what is left: a name that the call does not know is a mistake that should not pass.
    pub(crate) fn finish(self, allowed: &str) -> Result<(), Problem> {
        match self.0.first() {
            Some((name, _)) => Err(Problem::parameter(&shown(name), "unknown", allowed)),
            None => Ok(()),
        }
    }
}

impl<S: Sync> FromRequest<S> for Args {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let mut text = request.uri().query().unwrap_or_default().to_owned();
        if text.len() > MAX_LEN {
            let detail = format!("the query has {} bytes; allowed: at most {MAX_LEN}", text.len());
            return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
        }
        if request.method() == Method::POST {
            let form = read_form(request).await?;
            if !text.is_empty() && !form.is_empty() {
                text.push('&');
            }
            text.push_str(&form);
        }
        Self::parse(&text)
    }
}

/// The last part of a path, decoded.
pub(crate) struct FileName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for FileName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| not_utf8())
    }
}

async fn read_form(request: Request<Body>) -> Result<String, Problem> {
    let media_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_form =
        media_type.is_none_or(|value| value.starts_with(b"application/x-www-form-urlencoded"));
    let body = Limited::new(request.into_body(), MAX_LEN).collect();
    let body = tokio::time::timeout(FORM_TIMEOUT, body).await;
    let too_slow = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the form took longer than 10 s");
    let bytes = body.map_err(too_slow)?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let detail = format!("the form is too long; allowed: at most {MAX_LEN} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "the form did not arrive whole")
        }
    })?;
    let bytes = bytes.to_bytes();
    if !is_form && !bytes.is_empty() {
        let detail = "the body is no form; allowed: application/x-www-form-urlencoded";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    String::from_utf8(bytes.into()).map_err(|_| not_utf8())
}

/// A name from outside as it may stand in an error: on one line, cut at 40 characters.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| not_utf8())?;
    Ok(decoded.into_owned())
}

fn not_utf8() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "the text is not UTF-8; allowed: UTF-8, percent-encoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> StatusCode {
        Args::parse(text).unwrap_err().status()
    }

    #[test]
    fn names_and_values_are_read_as_forms_write_them() {
        let mut args = Args::parse("id=a%2Fb&&name=x+y%20z&flag&e=%C3%A9").unwrap();
        assert_eq!(args.take("id").as_deref(), Some("a/b"));
        assert_eq!(args.take("id"), None);
        assert_eq!(args.take("flag").as_deref(), Some(""));
        let rest: Vec<_> = args.rest().collect();
        assert_eq!(rest[0], ("name".to_owned(), "x y z".to_owned()));
        assert_eq!(rest[1].1, "é");
    }

    #[test]
    fn what_is_repeated_or_not_utf8_is_refused() {
        assert_eq!(refused("a=1&a=2"), StatusCode::BAD_REQUEST);
        assert_eq!(refused("a=%FF%FE"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_name_the_call_does_not_know_is_refused_by_name() {
        let problem = Args::parse("led=1").unwrap().finish("id, lead").unwrap_err();
        let text = format!("{problem:?}");
        assert!(text.contains("led: unknown; allowed: id, lead"), "{text}");
    }
}
